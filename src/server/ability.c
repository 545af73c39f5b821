/* SPDX-License-Identifier: ISC */
#include "server/ability.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/log.h"
#include "common/program.h"
#include "kernel/interface.h"
#include "server/far.h"
#include "server/look.h"

const char ability_no_sit[] = "this kernel has no sit, and no module of that name";

static bool find(const char *name, char *path, size_t size)
{
	if (program_find(name, path, size))
		return true;
	log_msg(LOG_ERR, "ip(8) and tc(8) of iproute2 are needed, and %s is not installed", name);
	return false;
}

bool ability_find(struct ability_programs *p)
{
	return find("ip", p->ip, sizeof p->ip) && find("tc", p->tc, sizeof p->tc);
}

/* Whether a list of modules, as depmod(8) writes it, names sit. */
static bool lists_sit(const char *directory, const char *list)
{
	char path[256], line[4096];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", directory, list);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof line, f)) {
		char *end = strchr(line, ':');

		if (end)
			*end = '\0'; /* behind it stand the modules that it needs */
		found = strstr(line, "/sit.ko");
	}
	if (f)
		fclose(f);
	return found;
}

static bool sit_is_loaded(void)
{
	return interface_index("sit0") || access("/sys/module/sit", F_OK) == 0;
}

bool ability_sit(void)
{
	struct utsname u;
	char directory[160];

	if (sit_is_loaded() || uname(&u) < 0)
		return true;
	snprintf(directory, sizeof directory, "/lib/modules/%s", u.release);
	return lists_sit(directory, "modules.dep") || lists_sit(directory, "modules.builtin");
}

/* Whether the interface is there and ours: one that was killed at this leaves it. */
static bool is_there(const struct far *f)
{
	struct look l;
	const struct look_link *k = look_one(&l, f->name) ? look_link(&l, f->name) : NULL;
	bool left = k && k->local.s_addr == f->local.s_addr && k->remote.s_addr == f->remote.s_addr;

	look_free(&l);
	return left;
}

static bool is_filtered(const struct far *f)
{
	struct look l = LOOK_NONE;
	int n = look_filters(&l, look_index(&l, f->name));

	look_free(&l);
	return n == (int)far_filters(f);
}

static void remove_again(struct batch *b, struct ability_programs *p)
{
	far_remove(&b->lines, ABILITY_TRY);
	batch_run(b, p->ip);
}

bool ability_prove(struct batch *b, struct ability_programs *p)
{
	struct far f = {.name = ABILITY_TRY, .type = DTCP_TUNNELONLY, .ttl = 64, .mtu = 1280};

	/* 127.203.0.1 and .2: a pair of ends is one interface's alone, and nobody's tunnel leads
	 * to this machine itself. */
	f.local.s_addr = htonl(0x7fcb0001);
	f.remote.s_addr = htonl(0x7fcb0002);
	if (is_there(&f))
		far_remove(&b->lines, f.name);
	far_add(&b->lines, &f);
	if (!batch_run(b, p->ip))
		return false;
	if (!is_there(&f)) {
		log_msg(LOG_ERR, "%s: ip: %s",
			sit_is_loaded() ? "no sit tunnel can be made here"
					: "this kernel has no sit (modprobe sit)",
			batch_said(b));
		return false;
	}
	batch_forget(b);
	far_filter(&b->lines, &f);
	if (batch_run(b, p->tc) && is_filtered(&f))
		return true;
	log_msg(LOG_ERR, "what comes out of a tunnel cannot be filtered: tc: %s", batch_said(b));
	remove_again(b, p);
	return false;
}
