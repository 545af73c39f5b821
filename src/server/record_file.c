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
#include "rundir/state_file.h"
#include "server/builder.h"

enum { AGAIN_MS = 1000 }; /* until a file that could not be written is tried again */

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

void record_file_init(struct record_file *r, int dir, const char *run_dir,
		      const struct sessions *sessions, const struct standing *standing)
{
	*r = (struct record_file){.dir = dir,
				  .run_dir = run_dir,
				  .sessions = sessions,
				  .standing = standing,
				  .write_at = CLOCK_NEVER};
}

static void take_over(void *arg, enum record_kind kind, const struct record_line *r)
{
	struct builder *b = arg;
	bool ok = true;

	if (kind == RECORD_TUNNEL) {
		log_msg(LOG_NOTICE, "%s is left from before, and is removed", r->tunnel.interface);
		ok = builder_take_over(b, r->tunnel.interface);
	} else if (kind == RECORD_PREFIX) {
		ok = builder_take_over_prefix(b, &r->prefix);
	}
	if (!ok)
		log_msg(LOG_ERR, "out of memory");
}

bool record_file_take_over(struct record_file *r, struct builder *b)
{
	r->known = record_file_read(r->dir, take_over, b) || errno == ENOENT;
	if (r->known)
		return true;
	log_msg(LOG_ERR, "what is left from before cannot be read from %s/dtcpd.state: %m",
		r->run_dir);
	return false;
}

bool record_file_write(void *arg)
{
	struct record_file *r = arg;
	struct far_lines l = {0};
	bool ok, again = r->stale && clock_ms() >= r->write_at;

	if (!r->known)
		return true; /* what there is says more than we know */
	record_format(&l, r->sessions, r->standing, r->listens);
	ok = !l.failed && state_write(r->dir, "dtcpd", l.text, l.len);
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
	if (r->written)
		state_remove(r->dir, "dtcpd");
}
