/* SPDX-License-Identifier: ISC */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <stdbool.h>

#ifndef RUNDIR
#define RUNDIR "/run"
#endif
#define SERVER_RUN_DIR RUNDIR "/dtcpd"

enum server_command { SERVER_SERVE, SERVER_CHECK, SERVER_STATUS };

struct server_options {
	enum server_command command;
	const char *config, *run_dir;
	bool json, verbose, quiet;
};

/* Reads the command line. SERVER_GO, or the exit status to end with. */
enum { SERVER_GO = -1 };
int server_options_parse(struct server_options *o, int argc, char *argv[]);

/* The commands; each returns an exit status. */
int server_serve(const struct server_options *o);
int server_check(const struct server_options *o);
int server_status(const struct server_options *o);

/* For the log, that part of what --check says which makes dtcpd of no use: settings of this
 * machine, and users of the file at path who are served nothing. */
struct config;
void server_warn(const char *path, const struct config *c);

#endif
