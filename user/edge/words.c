/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns the operator's words into a text file that outlives everything else, and back. */

#include "edge/words.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/word.h"
#include "edge/log.h"

#define NS_PER_S 1000000000ULL
#define BROKEN_LINES_LOGGED 20 /* more are only counted */

static const char comment_first[] =
	"# what the operator told weir; one word a line, comments are kept";

struct words {
	char *path;
	struct word *list;
	size_t count;
	char **comments;
	size_t comment_count;
	bool is_held;	 /* changes wait for words_release */
	bool is_unsaved; /* there are some */
};

/* ---- list ------------------------------------------------------------------------------------- */

/* Takes the word over. */
static int word_append(struct words *words, struct word *word)
{
	struct word *list = realloc(words->list, (words->count + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	words->list = list;
	list[words->count++] = *word;
	*word = (struct word){ 0 };
	return 0;
}

static void word_remove(struct words *words, size_t at)
{
	word_clear(&words->list[at]);
	words->count--;
	memmove(&words->list[at], &words->list[at + 1], (words->count - at) * sizeof(*words->list));
}

static int comment_append(struct words *words, const char *text)
{
	char **comments = realloc(words->comments, (words->comment_count + 1) * sizeof(*comments));

	if (!comments)
		return -ENOMEM;
	words->comments = comments;
	comments[words->comment_count] = strdup(text);
	if (!comments[words->comment_count])
		return -ENOMEM;
	words->comment_count++;
	return 0;
}

void words_close(struct words *words)
{
	if (!words)
		return;
	for (size_t i = 0; i < words->count; i++)
		word_clear(&words->list[i]);
	for (size_t i = 0; i < words->comment_count; i++)
		free(words->comments[i]);
	free(words->list);
	free(words->comments);
	free(words->path);
	free(words);
}

/* ---- reading ---------------------------------------------------------------------------------- */

/* 0, -ENOMEM, or -EINVAL with why. The line has its end taken off. */
static int line_read(struct words *words, char *line, size_t len, const char **why)
{
	struct word word;
	int error;

	if (memchr(line, '\0', len)) {
		*why = "a NUL byte";
		return -EINVAL;
	}
	if (!line[strspn(line, " \t")])
		return 0;
	if (line[strspn(line, " \t")] == '#')
		return comment_append(words, line);
	error = word_parse(line, &word, why);
	if (!error)
		error = word_append(words, &word);
	return error;
}

static size_t line_end_cut(char *line, ssize_t len)
{
	while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	line[len] = '\0';
	return (size_t)len;
}

static int lines_read(struct words *words, FILE *file)
{
	char *line = NULL;
	size_t room = 0, number = 0, broken = 0;
	ssize_t len;
	int error = 0;

	while (error != -ENOMEM && (len = getline(&line, &room, file)) >= 0) {
		const char *why = "out of memory";

		number++;
		error = line_read(words, line, line_end_cut(line, len), &why);
		if (error && broken++ < BROKEN_LINES_LOGGED)
			log_error("%s:%zu: %s", words->path, number, why);
	}
	free(line);
	if (error == -ENOMEM)
		return error;
	if (ferror(file))
		return -EIO;
	if (!broken)
		return 0;
	log_error("%s has %zu broken lines: mend or remove them; weir leaves the file as it is",
		  words->path, broken);
	return -EINVAL;
}

int words_open(const char *path, struct words **out)
{
	struct words *words = calloc(1, sizeof(*words));
	FILE *file = NULL;
	int error = 0;

	if (!words)
		return -ENOMEM;
	words->path = strdup(path);
	if (!words->path)
		error = -ENOMEM;
	if (!error) {
		file = fopen(path, "re");
		error = file || errno == ENOENT ? 0 : -errno;
	}
	if (file) {
		error = lines_read(words, file);
		fclose(file);
	}
	if (error) {
		if (error != -EINVAL)
			log_error("cannot read %s: %s", path, strerror(-error));
		words_close(words);
		return error;
	}
	*out = words;
	return 0;
}

/* ---- saving ----------------------------------------------------------------------------------- */

static int lines_write(const struct words *words, FILE *file)
{
	if (!words->comment_count)
		fprintf(file, "%s\n", comment_first);
	for (size_t i = 0; i < words->comment_count; i++)
		fprintf(file, "%s\n", words->comments[i]);
	for (size_t i = 0; i < words->count; i++) {
		char *line = word_format(&words->list[i]);

		if (!line)
			return -ENOMEM;
		fprintf(file, "%s\n", line);
		free(line);
	}
	if (fflush(file) || fsync(fileno(file)))
		return -errno;
	return ferror(file) ? -EIO : 0;
}

/* The rename is on disk only when the directory is. */
static int directory_sync(const char *path)
{
	char copy[PATH_MAX];
	int fd, error;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = fsync(fd) ? -errno : 0;
	close(fd);
	return error;
}

static int file_replace(const struct words *words, const char *temporary)
{
	FILE *file;
	int error;
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	file = fdopen(fd, "w");
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	error = lines_write(words, file);
	if (fclose(file) && !error)
		error = -errno;
	if (!error && rename(temporary, words->path))
		error = -errno;
	if (error) {
		unlink(temporary);
		return error;
	}
	return directory_sync(words->path);
}

int words_save(struct words *words)
{
	char temporary[PATH_MAX];
	int error;

	words->is_unsaved = words->is_held;
	if (words->is_held)
		return 0;
	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", words->path) >=
	    sizeof(temporary))
		return -ENAMETOOLONG;
	error = file_replace(words, temporary);
	if (error)
		log_error("cannot save %s: %s; what was said holds until weir ends", words->path,
			  strerror(-error));
	return error;
}

void words_hold(struct words *words)
{
	words->is_held = true;
}

int words_release(struct words *words)
{
	words->is_held = false;
	return words->is_unsaved ? words_save(words) : 0;
}

/* ---- allows ----------------------------------------------------------------------------------- */

static int allow_put(struct words *words, const struct rule *rule)
{
	struct word word;
	int error = rule->action == WEIR_ACTION_ALLOW ? word_of_allow(rule, &word) : -EINVAL;

	if (error)
		return error;
	for (size_t i = 0; i < words->count; i++) {
		struct word *known = &words->list[i];

		if (known->kind != WORD_ALLOW || net_compare(&known->allow.net, &rule->net) != 0 ||
		    strcmp(known->allow.list, word.allow.list) != 0)
			continue;
		word_clear(known);
		*known = word;
		return 0;
	}
	error = word_append(words, &word);
	word_clear(&word);
	return error;
}

int words_put_allow(struct words *words, const struct rule *rule)
{
	return words_put_allows(words, rule, 1);
}

int words_put_allows(struct words *words, const struct rule *rules, size_t count)
{
	int error = 0;

	for (size_t i = 0; i < count && !error; i++)
		error = allow_put(words, &rules[i]);
	return error ? error : words_save(words);
}

int words_remove_allow(struct words *words, const struct net *net, const char *list)
{
	for (size_t i = 0; i < words->count; i++) {
		const struct word *word = &words->list[i];

		if (word->kind != WORD_ALLOW || net_compare(&word->allow.net, net) != 0 ||
		    strcmp(word->allow.list, list) != 0)
			continue;
		word_remove(words, i);
		return words_save(words);
	}
	return -ENOENT;
}

int words_remove_expired(struct words *words, uint64_t now_unix_ns)
{
	size_t before = words->count;

	for (size_t i = words->count; i-- > 0;) {
		const struct word *word = &words->list[i];

		if (word->kind == WORD_ALLOW && word->allow.expires_unix_ns &&
		    word->allow.expires_unix_ns <= now_unix_ns)
			word_remove(words, i);
	}
	return words->count < before ? words_save(words) : 0;
}

int words_each_allow(const struct words *words, int (*fn)(const struct rule *rule, void *arg),
		     void *arg)
{
	for (size_t i = 0; i < words->count; i++) {
		int stop = words->list[i].kind == WORD_ALLOW ? fn(&words->list[i].allow, arg) : 0;

		if (stop)
			return stop;
	}
	return 0;
}

/* ---- judgements ------------------------------------------------------------------------------- */

static int judgement_make(const struct fleet *fleet, enum fleet_word said, struct word *out)
{
	struct word word = {
		.kind = said == FLEET_DISMISSED ? WORD_DISMISS : WORD_CONFIRM,
		.at_unix_ns = (uint64_t)time(NULL) * NS_PER_S,
		.member_count = fleet->member_count,
	};

	snprintf(word.fleet, sizeof(word.fleet), "%s", fleet->id);
	word.members = calloc(fleet->member_count + 1, sizeof(*word.members));
	if (!word.members)
		return -ENOMEM;
	for (size_t i = 0; i < fleet->member_count; i++)
		word.members[i] = fleet->members[i].source;
	*out = word;
	return 0;
}

int words_put_judgement(struct words *words, const struct fleet *fleet, enum fleet_word said)
{
	struct word word = { 0 };
	int error = said == FLEET_UNJUDGED ? 0 : judgement_make(fleet, said, &word);

	if (!error && said != FLEET_UNJUDGED)
		error = word_append(words, &word);
	word_clear(&word);
	if (error)
		return error;
	/* The new one is last; older ones of the same fleet go. */
	for (size_t i = words->count - (said != FLEET_UNJUDGED); i-- > 0;)
		if (words->list[i].kind != WORD_ALLOW &&
		    strcmp(words->list[i].fleet, fleet->id) == 0)
			word_remove(words, i);
	return words_save(words);
}

int words_each_judgement(const struct words *words,
			 int (*fn)(const char *fleet_id, enum fleet_word word,
				   const struct net *members, size_t member_count, void *arg),
			 void *arg)
{
	for (size_t i = 0; i < words->count; i++) {
		const struct word *word = &words->list[i];
		int stop = 0;

		if (word->kind != WORD_ALLOW)
			stop = fn(word->fleet,
				  word->kind == WORD_DISMISS ? FLEET_DISMISSED :
							       FLEET_OPERATOR_CONFIRMED,
				  word->members, word->member_count, arg);
		if (stop)
			return stop;
	}
	return 0;
}
