/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns a pin_dir back into nothing: links, filters, pins, and the directory. */

#include "edge/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/libbpf.h>
#include <net/if.h>

#include "edge/kernel/filters.h"
#include "edge/kernel/links.h"
#include "edge/kernel/pins.h"
#include "edge/log.h"

struct detach {
	const char *pin_dir;
	void (*say)(const char *what, void *arg);
	void *arg;
	int removed;
};

static void detach_say(struct detach *detach, const char *what)
{
	detach->removed++;
	if (detach->say)
		detach->say(what, detach->arg);
}

static void filter_say(const char *what, void *arg)
{
	detach_say(arg, what);
}

static int links_detach(struct detach *detach, const char *dir)
{
	struct links links;
	char interface[IF_NAMESIZE], what[128];
	int err = links_read(dir, &links);

	for (size_t i = 0; !err && i < links.count; i++) {
		struct link *link = &links.rows[i];
		int ifindex = link->ifindex;

		if (!ifindex || !if_indextoname((unsigned)ifindex, interface))
			snprintf(interface, sizeof(interface), "no interface");
		err = link_remove(link);
		if (err)
			break;
		snprintf(what, sizeof(what), "link %s of %s", hook_name(link->hook), interface);
		detach_say(detach, what);
	}
	links_close(&links);
	return err;
}

static int pin_detach(const char *path, const char *name, void *arg)
{
	struct detach *detach = arg;
	char what[128];
	struct stat st;

	if (lstat(path, &st) != 0 || S_ISDIR(st.st_mode))
		return 0;
	if (unlink(path) != 0)
		return -errno;
	snprintf(what, sizeof(what), "map %.64s", name);
	detach_say(detach, what);
	return 0;
}

static int detach_all(struct detach *detach)
{
	char links[PIN_PATH_MAX], programs[PIN_PATH_MAX], fresh[PIN_PATH_MAX];
	struct filter_sweep sweep = { .dir = programs, .say = filter_say, .arg = detach };
	int err = pins_join(links, detach->pin_dir, PIN_LINKS);

	if (!err)
		err = pins_join(programs, detach->pin_dir, PIN_PROGRAMS);
	if (!err)
		err = pins_join(fresh, detach->pin_dir, PIN_NEW);
	if (!err)
		err = links_detach(detach, links);
	if (!err)
		err = filters_remove_others(&sweep);
	if (err < 0)
		return err;
	err = pins_each(detach->pin_dir, pin_detach, detach);
	if (!err)
		err = pins_remove_dir(links);
	if (err >= 0)
		err = pins_remove_dir(programs);
	if (err >= 0)
		err = pins_remove_dir(fresh);
	if (err >= 0)
		err = rmdir(detach->pin_dir) == 0 || errno == ENOENT ? 0 : -errno;
	return err;
}

int kernel_detach(const char *pin_dir, void (*say)(const char *what, void *arg), void *arg)
{
	struct detach detach = { .pin_dir = pin_dir, .say = say, .arg = arg };
	int err;

	libbpf_set_print((libbpf_print_fn_t)(void *)log_libbpf);
	if (access(pin_dir, F_OK) != 0)
		return errno == ENOENT ? 0 : -errno;
	err = detach_all(&detach);
	if (err) {
		log_error("detaching stopped: %s: %s", pin_dir, strerror(-err));
		return err;
	}
	return detach.removed;
}
