# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=bash
#
# Bash completion for weir: commands, options and values as its own help lists them.

_weir_words() { weir help "$@" 2>/dev/null; }

_weir() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words=
	if ((COMP_CWORD == 1)); then
		words=$(_weir_words | awk '/^  [a-z]/ { print $1 }')
	elif [[ $before == help ]]; then
		words=$(_weir_words | awk '/^  [a-z]/ { print $1 }')
	elif [[ ${COMP_WORDS[1]} == mode ]]; then
		words="propose enforce off"
	elif [[ $before == --existing ]]; then
		words="reset drop keep"
	elif [[ $word == -* ]]; then
		words=$(_weir_words "${COMP_WORDS[1]}" | grep -o -- '--[a-z][a-z-]*' | sort -u)
	fi
	if [[ -n $words ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}

complete -F _weir weir
