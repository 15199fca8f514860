# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Turns the sources into $(BUILD)/weir and its tests. `make help` lists the targets.

VERSION   := 0.1.0

BUILD     ?= build
PREFIX    ?= /usr/local
BINDIR    ?= $(PREFIX)/bin
MANDIR    ?= $(PREFIX)/share/man
DOCDIR    ?= $(PREFIX)/share/doc/weir
COMPDIR   ?= $(PREFIX)/share/bash-completion/completions
UNITDIR   ?= $(if $(filter /usr,$(PREFIX)),/usr/lib,/etc)/systemd/system
WERROR    ?= -Werror
T         ?=
V         ?= 0

export PATH := $(PATH):/usr/sbin:/sbin

# ---- tools and libraries ---------------------------------------------------------------------

find_tool   = $(firstword $(shell which $(1) 2>/dev/null))
ifeq ($(origin CC),default)
CC        := gcc
endif
# 14 is the compiler whose output the verifier tests are made for; another one may be given.
CLANG     ?= $(or $(call find_tool,clang-14 clang),clang)
BPFTOOL   ?= $(or $(call find_tool,bpftool),bpftool)
PKGCONFIG ?= pkg-config
FORMAT    ?= $(or $(call find_tool,clang-format-14 clang-format),clang-format)
JOBS      ?= $(shell nproc 2>/dev/null || echo 1)

LIBS      := libbpf libelf zlib jansson sqlite3 yaml-0.1 libcap-ng libsystemd libpcap libcrypto libmicrohttpd
TEST_LIBS := cmocka

missing_tools := $(foreach t,$(CC) $(CLANG) $(BPFTOOL) $(PKGCONFIG),$(if $(call find_tool,$(t)),,$(t)))
missing_libs  := $(foreach l,$(LIBS),$(shell $(PKGCONFIG) --exists $(l) 2>/dev/null || echo $(l)))
MISSING       := $(strip $(missing_tools) $(missing_libs))

pkg_cflags  := $(shell $(PKGCONFIG) --cflags $(LIBS) 2>/dev/null)
pkg_libs    := $(shell $(PKGCONFIG) --libs $(LIBS) 2>/dev/null)
test_cflags := $(shell $(PKGCONFIG) --cflags $(TEST_LIBS) 2>/dev/null)
test_libs   := $(shell $(PKGCONFIG) --libs $(TEST_LIBS) 2>/dev/null)

# ---- flags -----------------------------------------------------------------------------------

machine     := $(shell uname -m)
bpf_arch    := $(or $(patsubst x86_64,x86,$(filter x86_64,$(machine))),\
               $(patsubst aarch64,arm64,$(filter aarch64,$(machine))),$(machine))

WARN        := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wunused $(WERROR)
INCLUDES    := -Iinclude -Iuser -I$(BUILD)/include
DEFINES     := -D_GNU_SOURCE= -DWEIR_VERSION='"$(VERSION)"'
COMMON      := -std=gnu11 -g $(WARN) $(INCLUDES) $(DEFINES) $(pkg_cflags) \
               -ffile-prefix-map=$(CURDIR)/=

CFLAGS      ?= -O2
HARDEN      := -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2
LINK_HARDEN := -pie -Wl,-z,relro,-z,now -Wl,--as-needed

san_flags   := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
fuzz_flags  := $(san_flags) -fsanitize=fuzzer-no-link
TEST_INC    := -Itests -Itests/lib $(test_cflags)

# Callbacks of bpf_loop and friends have a signature that is not theirs to choose.
BPF_FLAGS   := -O2 -g -target bpf -mcpu=v3 -D__TARGET_ARCH_$(bpf_arch) -Iinclude -Ivmlinux -Ibpf \
               -Wall -Wextra -Wno-unused-parameter $(WERROR) -ffile-prefix-map=$(CURDIR)/=

# ---- what there is ---------------------------------------------------------------------------

CORE_SRC    := $(wildcard user/core/*.c user/core/*/*.c)
EDGE_SRC    := $(wildcard user/edge/*.c user/edge/*/*.c)
CMD_SRC     := $(wildcard user/*.c user/cmd/*.c user/cmd/*/*.c)
lib_all     := $(filter-out %.bpf.c,$(wildcard tests/lib/*.c tests/lib/*/*.c))
# What has a main of its own in tests/lib is a helper program, the rest is an archive.
HELPER_SRC  := $(if $(lib_all),$(shell grep -lE '^int main\>' $(lib_all) /dev/null))
LIB_SRC     := $(filter-out $(HELPER_SRC),$(lib_all))
UNIT_SRC    := $(wildcard tests/unit/test_*.c)
PACKET_SRC  := $(filter-out %.bpf.c,$(wildcard tests/packet/*.c))
BENCH_SRC   := $(filter-out %.bpf.c,$(wildcard tests/bench/*.c))
FUZZ_SRC    := $(wildcard tests/fuzz/fuzz_*.c)
TEST_BPF    := $(wildcard tests/*/*.bpf.c)

SKEL        := $(BUILD)/include/weir.skel.h
TEST_SKELS  := $(patsubst %.bpf.c,$(BUILD)/include/%.skel.h,$(notdir $(TEST_BPF)))

objects      = $(patsubst %.c,$(BUILD)/$(1)/%.o,$(2))
CORE_OBJ    := $(call objects,obj,$(CORE_SRC))
EDGE_OBJ    := $(call objects,obj,$(EDGE_SRC))
CMD_OBJ     := $(call objects,obj,$(CMD_SRC))

program      = $(patsubst %.c,$(BUILD)/%,$(1))
UNIT_BIN    := $(call program,$(UNIT_SRC))
PACKET_BIN  := $(call program,$(PACKET_SRC))
BENCH_BIN   := $(call program,$(BENCH_SRC))
FUZZ_BIN    := $(call program,$(FUZZ_SRC))
HELPER_BIN  := $(patsubst %.c,$(BUILD)/tests/%,$(notdir $(HELPER_SRC)))

# Tests link the pure core alone, and the edges only where a test names one: a test of the core
# must not need a skeleton, nor wait for one.
grep_files   = $(if $(2),$(shell grep -lE '$(1)' $(2) /dev/null))
edge_users  := $(call grep_files,include "edge/,$(UNIT_SRC) $(PACKET_SRC) $(BENCH_SRC) $(FUZZ_SRC) $(LIB_SRC) $(HELPER_SRC))
WITH_EDGE   := $(call program,$(filter-out $(LIB_SRC) $(HELPER_SRC),$(edge_users))) \
               $(if $(filter $(LIB_SRC),$(edge_users)),$(PACKET_BIN) $(BENCH_BIN))
skel_src    := $(call grep_files,include .[a-z_]*\.skel\.h,$(EDGE_SRC) $(CMD_SRC))
SKEL_USERS  := $(foreach tree,obj san fuzz,$(call objects,$(tree),$(skel_src)))

# ---- output ----------------------------------------------------------------------------------

ifeq ($(V),1)
Q :=
say =
else
Q := @
say = @printf '  %-5s %s\n' $(1) $(2);
MAKEFLAGS += --no-print-directory
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all bpf test test-build test-run demo bench check fuzz install uninstall package clean format help FORCE

all: $(BUILD)/weir

# Every object depends on this file: it changes when a flag or a compiler does, and it is where a
# missing tool is named.
flags_text = $(CC) $(CLANG) $(BPFTOOL) | $(COMMON) $(CFLAGS) $(CPPFLAGS) $(HARDEN) | $(san_flags) | \
             $(LINK_HARDEN) $(LDFLAGS) $(pkg_libs) | $(BPF_FLAGS)
$(BUILD)/flags: FORCE
	@$(if $(MISSING),echo "missing: $(MISSING)" >&2; \
		echo "run scripts/setup as root" >&2; exit 1,:)
	@mkdir -p $(@D)
	@printf '%s\n' $(call quote,$(flags_text)) >$@.new; \
	if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
quote = '$(subst ','\'',$(1))'
FORCE:

# ---- kernel side -----------------------------------------------------------------------------

bpf: $(BUILD)/bpf/weir.bpf.o $(SKEL)

# bpftool's linker leaves the DWARF out; BTF is all that a loader wants.
define compile_bpf
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)$(CLANG) $(BPF_FLAGS) -MMD -MP -MF $@.d -MT $@ -c $< -o $@.tmp
	$(Q)$(BPFTOOL) gen object $@ $@.tmp && rm -f $@.tmp
endef

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c $(BUILD)/flags
	$(compile_bpf)
$(BUILD)/tests/%.bpf.o: tests/%.bpf.c $(BUILD)/flags
	$(compile_bpf)

define make_skel
	@mkdir -p $(@D)
	$(call say,SKEL,$(@F))
	$(Q)$(BPFTOOL) gen skeleton $< name $(patsubst %.skel.h,%_bpf,$(@F)) >$@.tmp && mv $@.tmp $@
endef

$(SKEL): $(BUILD)/bpf/weir.bpf.o
	$(make_skel)
define test_skel_rule
$(BUILD)/include/$(patsubst %.bpf.c,%.skel.h,$(notdir $(1))): $(BUILD)/$(1:.c=.o)
	$$(make_skel)
endef
$(foreach src,$(TEST_BPF),$(eval $(call test_skel_rule,$(src))))

# ---- user side: three trees of objects, for the product, for tests, for fuzzing --------------

$(SKEL_USERS): | $(SKEL)

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(COMMON) $(CPPFLAGS) $(HARDEN) $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/san/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,SAN,$<)
	$(Q)$(CC) $(COMMON) $(TEST_INC) $(CPPFLAGS) $(san_flags) -MMD -MP -c $< -o $@

$(BUILD)/fuzz/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,FUZZ,$<)
	$(Q)$(CLANG) $(COMMON) $(TEST_INC) $(CPPFLAGS) $(fuzz_flags) -MMD -MP -c $< -o $@

# Members that no longer exist must not linger in an archive, hence rm; the list of members is a
# prerequisite, so that removing a source file makes it anew.
define archive
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)
endef
define archive_rules
$(BUILD)/$(1)/libcore.a: $(call objects,$(1),$(CORE_SRC)) $(BUILD)/sources
	$$(archive)
$(BUILD)/$(1)/libedge.a: $(call objects,$(1),$(EDGE_SRC)) $(BUILD)/sources
	$$(archive)
$(BUILD)/$(1)/libtest.a: $(call objects,$(1),$(LIB_SRC)) $(BUILD)/sources
	$$(archive)
endef
$(foreach tree,obj san fuzz,$(eval $(call archive_rules,$(tree))))

$(BUILD)/sources: FORCE
	@mkdir -p $(@D)
	@echo $(CORE_SRC) $(EDGE_SRC) $(CMD_SRC) $(LIB_SRC) >$@.new; \
	if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(BUILD)/weir: $(CMD_OBJ) $(EDGE_OBJ) $(BUILD)/obj/libcore.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LINK_HARDEN) $(LDFLAGS) $(filter %.o %.a,$^) $(pkg_libs) -lm -o $@

# ---- tests -----------------------------------------------------------------------------------

tree_of      = $(if $(findstring /fuzz/,$(1)),fuzz,$(if $(filter $(BENCH_BIN),$(1)),obj,san))
$(foreach bin,$(WITH_EDGE),$(eval $(bin): $(BUILD)/$(call tree_of,$(bin))/libedge.a))

# Edges use the core, and test helpers both: the archives are searched as one group.
define link_test
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(1) -Wl,--as-needed $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
		$(pkg_libs) $(2) -lm -o $@
endef

# Packet tests and benches load programs, so their objects wait for the skeletons.
$(call objects,san,$(PACKET_SRC) $(BENCH_SRC) $(LIB_SRC)): | $(SKEL) $(TEST_SKELS)
$(call objects,obj,$(BENCH_SRC)): | $(SKEL) $(TEST_SKELS)

$(UNIT_BIN): $(BUILD)/%: $(BUILD)/san/%.o $(BUILD)/san/libcore.a
	$(call link_test,$(CC) $(san_flags),$(test_libs))

# The test of SYN signatures reads captures by the tests' own reader.
$(BUILD)/tests/unit/test_syn_name: $(BUILD)/san/tests/lib/capture.o

$(PACKET_BIN): $(BUILD)/%: $(BUILD)/san/%.o $(BUILD)/san/libtest.a $(BUILD)/san/libcore.a
	$(call link_test,$(CC) $(san_flags),$(test_libs))

# What is measured, or serves a measurement, is compiled as the product is.
$(BUILD)/obj/tests/%.o: COMMON += $(TEST_INC)
$(BENCH_BIN): $(BUILD)/%: $(BUILD)/obj/%.o $(BUILD)/obj/libtest.a $(BUILD)/obj/libcore.a
	$(call link_test,$(CC) $(CFLAGS) $(LINK_HARDEN),$(test_libs))

# Made-up populations are the one part of the tests' archive that helpers use.
population_users := $(call grep_files,include "population.h",$(HELPER_SRC))
population_obj   := $(call objects,obj,$(wildcard tests/lib/population.c tests/lib/population_options.c))
define helper_rule
$(BUILD)/tests/$(basename $(notdir $(1))): $(call objects,obj,$(1)) \
		$(if $(filter $(1),$(population_users)),$(population_obj) $(BUILD)/obj/libcore.a) \
		$(if $(filter $(1),$(edge_users)),$(BUILD)/obj/libedge.a $(BUILD)/obj/libcore.a)
	$$(call link_test,$$(CC) $$(CFLAGS) $$(LINK_HARDEN),)
endef
$(foreach src,$(HELPER_SRC),$(eval $(call helper_rule,$(src))))

$(FUZZ_BIN): $(BUILD)/%: $(BUILD)/fuzz/%.o $(BUILD)/fuzz/libcore.a
	$(call link_test,$(CLANG) $(fuzz_flags) -fsanitize=fuzzer,)

suite_unit    := $(UNIT_BIN)
suite_packet  := $(PACKET_BIN)
suite_replay  := $(BUILD)/weir $(HELPER_BIN)
suite_e2e     := $(BUILD)/weir $(HELPER_BIN) $(patsubst %.c,$(BUILD)/%.o,$(TEST_BPF))
suite_fuzz    := $(FUZZ_BIN)
suite_kernels := $(BUILD)/weir $(BUILD)/bpf/weir.bpf.o
suite_check   := $(SKEL) $(TEST_SKELS)
SUITES        := check unit packet replay fuzz e2e kernels

test-build: $(foreach suite,$(or $(T),$(SUITES)),$(suite_$(suite)))

run_env = BUILD=$(BUILD) CC=$(CC) CLANG=$(CLANG) BPFTOOL=$(BPFTOOL) FORMAT=$(FORMAT) \
          SUITES="$(or $(T),$(SUITES))"

# A test that does not build is a failed test, not a reason to leave the others out.
test-run:
	@built=0; $(MAKE) -k -j$(JOBS) test-build || built=$$?; \
	$(run_env) BUILT=$$built tests/run

test:
	@scripts/setup build test $(if $(filter kernels,$(or $(T),$(SUITES))),kernels)
	@$(MAKE) test-run

demo:
	@scripts/setup build demo
	@$(MAKE) -j$(JOBS) all $(HELPER_BIN)
	@BUILD=$(BUILD) scripts/demo

bench:
	@scripts/setup build test
	@$(MAKE) -j$(JOBS) all $(BENCH_BIN)
	@BUILD=$(BUILD) tests/bench/run

check:
	@$(MAKE) test-run T=check

fuzz: $(FUZZ_BIN)
	@$(run_env) SUITES=fuzz FUZZ_SECONDS=$(or $(FUZZ_SECONDS),300) BUILT=0 tests/run

format:
	$(Q)$(FORMAT) -i $(wildcard include/weir/*.h bpf/*.[ch] user/*.[ch] user/*/*.[ch] user/*/*/*.[ch] tests/*/*.[ch])

# ---- install ---------------------------------------------------------------------------------

INSTALL ?= install
# Manual and example are what the binary says of itself.
$(BUILD)/weir.8: $(BUILD)/weir scripts/man
	$(Q)scripts/man $< $(VERSION) >$@.tmp && mv $@.tmp $@
$(BUILD)/weir.yaml: $(BUILD)/weir
	$(Q)$< check --example >$@.tmp && mv $@.tmp $@

install: $(BUILD)/weir $(BUILD)/weir.8 $(BUILD)/weir.yaml
	$(INSTALL) -D -m 755 $(BUILD)/weir $(DESTDIR)$(BINDIR)/weir
	$(INSTALL) -d $(DESTDIR)$(UNITDIR)
	sed 's|@BINDIR@|$(BINDIR)|g' scripts/weir.service >$(DESTDIR)$(UNITDIR)/weir.service
	chmod 644 $(DESTDIR)$(UNITDIR)/weir.service
	$(INSTALL) -D -m 644 $(BUILD)/weir.8 $(DESTDIR)$(MANDIR)/man8/weir.8
	$(INSTALL) -D -m 644 $(BUILD)/weir.yaml $(DESTDIR)$(DOCDIR)/weir.yaml
	$(INSTALL) -D -m 644 README.md $(DESTDIR)$(DOCDIR)/README.md
	$(INSTALL) -D -m 644 LICENSE $(DESTDIR)$(DOCDIR)/LICENSE
	$(INSTALL) -D -m 644 scripts/weir.bash $(DESTDIR)$(COMPDIR)/weir

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/weir $(DESTDIR)$(UNITDIR)/weir.service \
		$(DESTDIR)$(MANDIR)/man8/weir.8 $(DESTDIR)$(COMPDIR)/weir
	rm -rf $(DESTDIR)$(DOCDIR)

package: all
	@VERSION=$(VERSION) BUILD=$(BUILD) scripts/package

clean:
	rm -rf $(BUILD)

help:
	@echo 'make              build $(BUILD)/weir (V=1 shows commands, WERROR= forgives warnings)'
	@echo 'make test         set up, build, run every test (T=check|unit|packet|replay|fuzz|e2e|kernels)'
	@echo 'make demo         set up, build, show weir against a fleet (root, about four minutes)'
	@echo 'make bench        set up, build, measure'
	@echo 'make check        layers, headers, licences, lengths, words, format'
	@echo 'make fuzz         every fuzz target for FUZZ_SECONDS (300)'
	@echo 'make format       clang-format over all sources'
	@echo 'make install      DESTDIR= PREFIX=/usr/local; make uninstall removes it again'
	@echo 'make package      a .deb of this build'
	@echo 'make clean        remove $(BUILD)'

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
