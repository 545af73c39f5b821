/* SPDX-License-Identifier: ISC */
#include "server/arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/status_codes.h"
#include "server/config.h"

static const char help[] =
	"usage: dtcpd [OPTION]...            serve, in the foreground\n"
	"       dtcpd --check                check the file, and this machine\n"
	"       dtcpd --status [--json]      say who is connected\n"
	"\n"
	"  -c, --config FILE     file of users and settings (" CONFIG_FILE_DEFAULT ")\n"
	"  -t, --check           -S, --status\n"
	"  -j, --json            with --status\n"
	"  -v, --verbose         show the dialogues and the commands\n"
	"  -q, --quiet           show errors only\n"
	"      --run-dir DIR     where pidfile and state are (" SERVER_RUN_DIR ")\n"
	"  -h, --help            -V, --version\n"
	"\n"
	"signals: SIGHUP reads the file again, SIGTERM and SIGINT end.\n"
	"exit status: 0 ended as asked (or right, or running), 1 not running (--status),\n"
	"64 usage, 71 ip, tc or system, 77 no privilege, 78 the file. See dtcpd(8).\n";

enum { OPTION_RUN_DIR = 256 };

static const struct option longs[] = {
	{"config", required_argument, NULL, 'c'},
	{"check", no_argument, NULL, 't'},
	{"status", no_argument, NULL, 'S'},
	{"json", no_argument, NULL, 'j'},
	{"verbose", no_argument, NULL, 'v'},
	{"quiet", no_argument, NULL, 'q'},
	{"run-dir", required_argument, NULL, OPTION_RUN_DIR},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};
static const char shorts[] = ":c:tSjvqhV";

static int usage(const char *what, const char *value)
{
	log_msg(LOG_ERR, "%s '%s' (dtcpd --help shows what there is)", what, value);
	return STATUS_USAGE;
}

static int print(const char *text)
{
	fputs(text, stdout);
	return log_stdout_done() ? STATUS_OK : STATUS_SYSTEM;
}

static int set_command(struct server_options *o, enum server_command c)
{
	if (o->command != SERVER_SERVE && o->command != c)
		return usage("one is enough:", "--check and --status");
	o->command = c;
	return SERVER_GO;
}

/* What getopt_long() stumbled over; word is what it read last. */
static int bad_option(int c, const char *word)
{
	char option[] = {'-', (char)optopt, '\0'};
	bool is_long = strncmp(word, "--", 2) == 0;

	if (c == ':')
		return usage("a value is missing after", is_long ? word : option);
	if (is_long && optopt)
		return usage("this option takes no value:", word);
	return usage("there is no option", optopt ? option : word);
}

static int one_option(struct server_options *o, int c, char *argv[])
{
	switch (c) {
	case 'c':
		o->config = optarg;
		return SERVER_GO;
	case 't':
		return set_command(o, SERVER_CHECK);
	case 'S':
		return set_command(o, SERVER_STATUS);
	case 'j':
		o->json = true;
		return SERVER_GO;
	case 'v':
		o->verbose = true;
		return SERVER_GO;
	case 'q':
		o->quiet = true;
		return SERVER_GO;
	case OPTION_RUN_DIR:
		o->run_dir = optarg;
		return SERVER_GO;
	case 'h':
		return print(help);
	case 'V':
		return print("dtcpd " VERSION "\n");
	default:
		return bad_option(c, argv[optind - 1]);
	}
}

static int threshold(const struct server_options *o)
{
	return o->verbose ? LOG_DEBUG : o->quiet ? LOG_ERR : LOG_NOTICE;
}

int server_options_parse(struct server_options *o, int argc, char *argv[])
{
	int c, status;

	*o = (struct server_options){.config = CONFIG_FILE_DEFAULT, .run_dir = SERVER_RUN_DIR};
	opterr = 0;
	log_setup(LOG_TO_STDERR, LOG_NOTICE);
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		status = one_option(o, c, argv);
		if (status != SERVER_GO)
			return status;
	}
	log_setup(LOG_TO_STDERR, threshold(o));
	if (optind < argc)
		return usage("dtcpd takes options alone, not", argv[optind]);
	if (o->json && o->command != SERVER_STATUS)
		return usage("only --status has", "--json");
	if (o->verbose && o->quiet)
		return usage("--verbose does not go with", "--quiet");
	return SERVER_GO;
}
