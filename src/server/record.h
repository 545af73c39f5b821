/* SPDX-License-Identifier: ISC */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "server/far.h"
#include "server/sessions.h"
#include "server/standing.h"

/* The state file dtcpd.state of the run directory: who is connected, for --status, and
 * what is in the kernel, for whoever comes after a crash. It has no secrets. A line each:
 *
 *   process PID START [starting]
 *   netns NUMBER
 *   tunnel INTERFACE TYPE LOCAL REMOTE SINCE PINGED PREFIXES USER
 *   prefix P/LEN
 *
 * It is starting until it listens. NUMBER is netns_own() of its network namespace, in which
 * the rest is. TYPE is "-" for a tunnel that is on its way out, as is all
 * but INTERFACE for one that a dtcpd before this one has left; PREFIXES are joined by commas,
 * or CLIENT6 for type host, or "-"; USER is escaped as in the log. */

/* Writes the text; listens: whether it does by now. l.failed where memory is short. */
void record_format(struct far_lines *l, const struct sessions *t, const struct standing *s,
		   bool listens);

struct record_tunnel {
	char interface[IF_NAMESIZE], type[16], local[16], remote[16];
	int64_t since, pinged;
	char prefixes[512], user[4 * CONFIG_NAME_MAX + 1];
};

/* Reads one line. */
enum record_kind { RECORD_OTHER, RECORD_PROCESS, RECORD_NETNS, RECORD_TUNNEL, RECORD_PREFIX };
struct record_line {
	pid_t pid; /* RECORD_PROCESS */
	unsigned long long start;
	bool starting;
	unsigned long long netns;    /* RECORD_NETNS */
	struct record_tunnel tunnel; /* RECORD_TUNNEL */
	struct prefix prefix;	     /* RECORD_PREFIX */
};
enum record_kind record_parse(const char *line, struct record_line *r);

#endif
