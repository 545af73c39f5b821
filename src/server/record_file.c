/* SPDX-License-Identifier: ISC */
#include "server/record_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "rundir/rundir.h"
#include "rundir/state_file.h"
#include "server/builder.h"

enum {
	AGAIN_MS = 1000, /* until a file that could not be written is tried again */
	LOST_MS = 60000	 /* until a run directory that another has is looked at again */
};

bool record_file_read(int dir, record_fn *fn, void *arg)
{
	int fd = openat(dir, "dtcpd.state", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
	struct record_line r;
	char *line = NULL;
	size_t size = 0;
	bool ok;

	if (!f) {
		fd_close(&fd);
		return false;
	}
	while (getline(&line, &size, f) >= 0) {
		enum record_kind kind = record_parse(line, &r);

		if (kind != RECORD_OTHER)
			fn(arg, kind, &r);
	}
	ok = !ferror(f);
	free(line);
	fclose(f);
	errno = EIO;
	return ok;
}

void record_file_init(struct record_file *r, int *dir, int *pidfile, const char *run_dir,
		      const struct sessions *sessions, const struct standing *standing)
{
	*r = (struct record_file){.dir = dir,
				  .pidfile = pidfile,
				  .run_dir = run_dir,
				  .sessions = sessions,
				  .standing = standing,
				  .write_at = CLOCK_NEVER};
}

enum netns_place record_file_place(unsigned long long netns, const char *run_dir)
{
	enum netns_place place = netns_find(netns);

	if (place == NETNS_OTHER)
		log_msg(LOG_ERR, "%s belongs to another network namespace: name a directory for this one "
				 "(--run-dir), or, if that is gone, remove what is in it", run_dir);
	return place;
}

struct heir {
	const char *run_dir;
	struct builder *builder;
	enum netns_place place; /* of what the file tells; where that is gone, all of it is */
};

static void take_over(void *arg, enum record_kind kind, const struct record_line *r)
{
	struct heir *h = arg;
	bool ok = true;

	if (kind == RECORD_NETNS)
		h->place = record_file_place(r->netns, h->run_dir);
	if (h->place != NETNS_OWN)
		return;
	if (kind == RECORD_TUNNEL) {
		log_msg(LOG_NOTICE, "%s is left from before, and is removed", r->tunnel.interface);
		ok = builder_take_over(h->builder, r->tunnel.interface);
	} else if (kind == RECORD_PREFIX) {
		ok = builder_take_over_prefix(h->builder, &r->prefix);
	}
	if (!ok)
		log_msg(LOG_ERR, "out of memory");
}

bool record_file_take_over(struct record_file *r, struct builder *b)
{
	struct heir heir = {r->run_dir, b, NETNS_OWN};
	bool is_read = record_file_read(*r->dir, take_over, &heir) || errno == ENOENT;

	r->known = is_read && heir.place != NETNS_OTHER;
	if (!is_read)
		log_msg(LOG_ERR, "what is left from before cannot be read from %s/dtcpd.state: %m",
			r->run_dir);
	return r->known;
}

/* Whether the file is ours to write. What somebody has removed is there again with the next
 * keepalive of any session. A second dtcpd that came in between may have ended for want of an
 * address to listen at, so a lost directory is looked at again. */
static bool is_ours(struct record_file *r)
{
	int64_t now = clock_ms();

	if (r->lost && now < r->look_at)
		return false;
	if (r->written && !(r->lost && pidfile_holder(*r->dir, "dtcpd")))
		r->lost = rundir_restore(r->run_dir, "dtcpd", r->dir, r->pidfile, NULL) ==
			  RUNDIR_LOST;
	if (r->lost)
		r->look_at = now + LOST_MS;
	return !r->lost;
}

bool record_file_write(void *arg)
{
	struct record_file *r = arg;
	struct far_lines l = {0};
	bool ok, again = r->stale && clock_ms() >= r->write_at;

	/* What there is stays; a write that was due must not stay due. Until all is known, it
	 * says more than we do. */
	if (!r->known || !is_ours(r)) {
		r->write_at = r->lost ? r->look_at : CLOCK_NEVER;
		return true;
	}
	record_format(&l, r->sessions, r->standing, r->listens);
	ok = !l.failed && state_write(*r->dir, "dtcpd", l.text, l.len);
	if (!ok && !again)
		log_msg(LOG_ERR, "the state cannot be written to %s: %s", r->run_dir,
			l.failed ? "out of memory" : strerror(errno));
	free(l.text);
	/* Else --status, and whoever comes after a crash, would go by what was. */
	r->write_at = ok ? CLOCK_NEVER : clock_ms() + AGAIN_MS;
	r->stale = !ok;
	r->written |= ok;
	return ok;
}

void record_file_soon(struct record_file *r, int64_t in_ms)
{
	r->write_at = clock_min(r->write_at, clock_ms() + in_ms);
}

void record_file_work(struct record_file *r)
{
	if (clock_ms() >= r->write_at)
		record_file_write(r);
}

void record_file_remove(const struct record_file *r)
{
	if (r->written && !r->lost)
		state_remove(*r->dir, "dtcpd");
}
