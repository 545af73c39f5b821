/* SPDX-License-Identifier: ISC */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>

enum command { COMMAND_UP, COMMAND_DOWN, COMMAND_STATUS, COMMAND_CHECK };

/* The command line; strings are those of argv. */
struct options {
	enum command command;
	const char *config, *server, *run_dir; /* server NULL: any */
	char interface[IF_NAMESIZE], link[IF_NAMESIZE]; /* "": not given */
	char event[IF_NAMESIZE]; /* --event: the link that a hook tells of; "": none */
	struct in_addr address; /* 0.0.0.0: not given */
	unsigned wait;          /* seconds */
	bool persist, foreground, dry_run, json, verbose, quiet;
};

enum { OPTIONS_GO = -1 };

/* Reads the command line, and sets up the log as it says. Returns OPTIONS_GO,
 * or the exit status after --help, --version or a message. */
int options_parse(struct options *o, int argc, char *argv[]);

/* For log_setup(). */
int options_threshold(const struct options *o);

#endif
