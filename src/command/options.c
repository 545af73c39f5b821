/* SPDX-License-Identifier: ISC */
#include "command/options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "account/account.h"
#include "account/account_file.h"
#include "account/account_line.h"
#include "common/log.h"
#include "common/status_codes.h"
#include "common/text.h"
#include "rundir/rundir.h"

static const char help[] =
	"usage: dtcp-up [OPTION]... [ADDRESS]   bring the tunnel up, from this address\n"
	"       dtcp-up [--down] --event LINK [ADDRESS]     a hook: LINK has changed\n"
	"       dtcp-up --down | --status | --check\n"
	"\n"
	"  -c, --config FILE     account file (" ACCOUNT_FILE_DEFAULT ")\n"
	"  -s, --server NAME     use only the accounts of this server\n"
	"  -i, --interface NAME  the tunnel interface this call is about (dtcp0)\n"
	"  -l, --link NAME       leave by this link alone (the way to the server)\n"
	"  -e, --event LINK      what a hook says: look at LINK, do what is right\n"
	"  -w, --wait SECONDS    return after this time at the latest; 0: at once (10)\n"
	"  -p, --persist         after a temporary failure, try on in the background\n"
	"  -f, --foreground      stay in the foreground; Ctrl-C takes the tunnel down\n"
	"  -n, --dry-run         log in, print the ip commands, log out; change nothing\n"
	"  -d, --down  take it down   -S, --status  how it stands   -t, --check  accounts\n"
	"  -j, --json            with --status\n"
	"  -v, --verbose         show the dialogue and the commands\n"
	"  -q, --quiet           show errors only\n"
	"      --run-dir DIR     where pidfile and state are (" RUNDIR_DEFAULT ")\n"
	"  -h, --help            -V, --version\n"
	"\n"
	"exit status: 0 up (or down, with --down), 1 not up (--status), 64 usage,\n"
	"69 server not reachable, 71 ip or system, 75 still being tried, 76 not DTCP or a\n"
	"bad offer, 77 refused or no privilege, 78 account file. See dtcp-up(8).\n";

enum { OPTION_RUN_DIR = 256, WAIT_MAX = 86400 };

static const struct option longs[] = {
	{"config", required_argument, NULL, 'c'},    {"server", required_argument, NULL, 's'},
	{"interface", required_argument, NULL, 'i'}, {"link", required_argument, NULL, 'l'},
	{"event", required_argument, NULL, 'e'},
	{"wait", required_argument, NULL, 'w'},	     {"persist", no_argument, NULL, 'p'},
	{"foreground", no_argument, NULL, 'f'},	     {"dry-run", no_argument, NULL, 'n'},
	{"down", no_argument, NULL, 'd'},	     {"status", no_argument, NULL, 'S'},
	{"check", no_argument, NULL, 't'},	     {"json", no_argument, NULL, 'j'},
	{"verbose", no_argument, NULL, 'v'},	     {"quiet", no_argument, NULL, 'q'},
	{"run-dir", required_argument, NULL, OPTION_RUN_DIR},
	{"help", no_argument, NULL, 'h'},	     {"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static int usage(const char *what, const char *value)
{
	log_msg(LOG_ERR, "%s '%s' (dtcp-up --help shows what there is)", what, value);
	return STATUS_USAGE;
}

static int set_command(struct options *o, enum command c)
{
	static const char *const names[] = {
		[COMMAND_DOWN] = "--down",
		[COMMAND_STATUS] = "--status",
		[COMMAND_CHECK] = "--check",
	};

	if (o->command != COMMAND_UP && o->command != c)
		return usage("one of --down, --status and --check is enough:", names[c]);
	o->command = c;
	return OPTIONS_GO;
}

static int set_name(char to[IF_NAMESIZE], const char *value, bool (*ok)(const char *),
		    const char *what)
{
	if (!ok(value))
		return usage(what, value);
	snprintf(to, IF_NAMESIZE, "%s", value);
	return OPTIONS_GO;
}

static int print(const char *text)
{
	fputs(text, stdout);
	return log_stdout_done() ? STATUS_OK : STATUS_SYSTEM;
}

static int set_wait(struct options *o, const char *value)
{
	uint32_t n;

	if (!text_number(value, 0, WAIT_MAX, &n))
		return usage("--wait takes a number of seconds from 0 to 86400, not", value);
	o->wait = n;
	return OPTIONS_GO;
}

/* An empty value is that of a script's variable that was never set: --down would find
 * nothing to take down, and say that all is well. */
static int set_text(const char **to, const char *option)
{
	if (!*optarg)
		return usage("a value is missing after", option);
	*to = optarg;
	return OPTIONS_GO;
}

static const char shorts[] = ":c:s:i:l:e:w:pfndStjvqhV";

/* What getopt_long() stumbled over; word is what it read last. */
static int bad_option(int c, const char *word)
{
	char option[] = {'-', (char)optopt, '\0'};

	if (c == ':')
		return usage("a value is missing after",
			     strncmp(word, "--", 2) == 0 ? word : option);
	/* A long one that is known was given a value. In -xv the word is still the
	 * one before, and what is unknown is the letter. */
	if (optopt == OPTION_RUN_DIR || (optopt && optopt != ':' && strchr(shorts, optopt)))
		return usage("this option takes no value:", word);
	return usage("there is no option", optopt ? option : word);
}

static int one_option(struct options *o, int c, char *argv[])
{
	switch (c) {
	case 'c':
		return set_text(&o->config, "--config");
	case 's':
		return set_text(&o->server, "--server");
	case 'i':
		return set_name(
			o->interface, optarg, text_is_tunnel_name,
			"--interface takes a letter, then letters, digits, '_', '.' or '-', "
			"15 at most, and not sit0:");
	case 'l':
		return set_name(o->link, optarg, text_is_link_name,
				"--link takes the name of an interface, not");
	case 'e':
		return set_name(o->event, optarg, text_is_link_name,
				"--event takes the name of an interface, not");
	case 'w':
		return set_wait(o, optarg);
	case 'p':
		o->persist = true;
		return OPTIONS_GO;
	case 'f':
		o->foreground = true;
		return OPTIONS_GO;
	case 'n':
		o->dry_run = true;
		return OPTIONS_GO;
	case 'd':
		return set_command(o, COMMAND_DOWN);
	case 'S':
		return set_command(o, COMMAND_STATUS);
	case 't':
		return set_command(o, COMMAND_CHECK);
	case 'j':
		o->json = true;
		return OPTIONS_GO;
	case 'v':
		o->verbose = true;
		return OPTIONS_GO;
	case 'q':
		o->quiet = true;
		return OPTIONS_GO;
	case OPTION_RUN_DIR:
		return set_text(&o->run_dir, "--run-dir");
	case 'h':
		return print(help);
	case 'V':
		return print("dtcp-up " VERSION "\n");
	default:
		return bad_option(c, argv[optind - 1]);
	}
}

/* A hook only tells what has happened: it neither waits nor chooses a link. */
static int check_event(const struct options *o)
{
	if (o->command == COMMAND_STATUS || o->command == COMMAND_CHECK)
		return usage("--status and --check do not go with", "--event");
	if (o->foreground || o->dry_run || o->link[0])
		return usage("--event does not go with",
			     o->foreground ? "--foreground" : o->dry_run ? "--dry-run" : "--link");
	return OPTIONS_GO;
}

/* Options that have no meaning together: one of them is likely to be a mistake. */
static int check(const struct options *o)
{
	if (o->json && o->command != COMMAND_STATUS)
		return usage("only --status has", "--json");
	if (o->command != COMMAND_UP && (o->foreground || o->dry_run || o->persist))
		return usage("--down, --status and --check do not go with",
			     o->foreground ? "--foreground"
			     : o->dry_run  ? "--dry-run"
					   : "--persist");
	if (o->dry_run && (o->foreground || o->persist))
		return usage("--dry-run does not go with",
			     o->foreground ? "--foreground" : "--persist");
	/* A keeper has accounts of several servers. A hook may give all its calls the same. */
	if (o->server && !o->event[0] &&
	    (o->command == COMMAND_DOWN || o->command == COMMAND_STATUS))
		return usage("--down and --status go by --interface and --link, not by", "--server");
	if (o->verbose && o->quiet)
		return usage("--verbose does not go with", "--quiet");
	return o->event[0] ? check_event(o) : OPTIONS_GO;
}

static unsigned sinks(const struct options *o)
{
	bool here = o->dry_run || o->foreground || o->command == COMMAND_STATUS ||
		    o->command == COMMAND_CHECK;

	return here ? LOG_TO_STDERR : LOG_TO_STDERR | LOG_TO_SYSLOG;
}

/* A word that is no address: what is said of it where it is clear what was meant. */
static const char *meant(const char *word)
{
	static const char *const words[][2] = {
		{"up", "dtcp-up alone brings the tunnel up"},
		{"start", "dtcp-up alone brings the tunnel up"},
		{"down", "dtcp-up --down takes the tunnel down"},
		{"stop", "dtcp-up --down takes the tunnel down"},
		{"status", "dtcp-up --status says how it stands"},
		{"check", "dtcp-up --check checks the account file"},
		{"help", "dtcp-up --help shows what there is"},
		{"version", "dtcp-up --version shows the version"},
	};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(word, words[i][0]) == 0)
			return words[i][1];
	/* A name like ppp0 means an interface, even if there is none of that name now. */
	return if_nametoindex(word) || text_is_tunnel_name(word)
		       ? "dtcp-up --link NAME is for the name of an interface" : NULL;
}

static int take_address(struct options *o, const char *word, const char *second)
{
	bool none = o->command == COMMAND_STATUS || o->command == COMMAND_CHECK ||
		    (o->command == COMMAND_DOWN && !o->event[0]);
	bool is_address = inet_pton(AF_INET, word, &o->address) == 1 && o->address.s_addr;
	/* Asked only of a word that is no address: for a name that no interface has, the
	 * kernel runs modprobe(8). */
	const char *other = is_address ? NULL : meant(word);

	if (none && !other)
		return usage("--down, --status and --check take no address:", word);
	if (!is_address) {
		if (!other)
			return usage("ADDRESS is an IPv4 address of this host, not", word);
		log_msg(LOG_ERR, "'%s' is no IPv4 address: %s", word, other);
		return STATUS_USAGE;
	}
	if (second)
		return usage("one address is enough:", second);
	return OPTIONS_GO;
}

int options_parse(struct options *o, int argc, char *argv[])
{
	int c, status;

	memset(o, 0, sizeof *o);
	o->config = ACCOUNT_FILE_DEFAULT;
	o->run_dir = RUNDIR_DEFAULT;
	o->wait = 10;
	opterr = 0;
	for (;;) {
		/* Messages about the rest of the command line go where these options
		 * say. */
		log_setup(sinks(o), options_threshold(o));
		c = getopt_long(argc, argv, shorts, longs, NULL);
		if (c == -1)
			break;
		status = one_option(o, c, argv);
		if (status != OPTIONS_GO)
			return status;
	}
	status = check(o);
	if (status == OPTIONS_GO && o->event[0] && o->command == COMMAND_UP)
		o->wait = 0;
	if (status != OPTIONS_GO || optind == argc)
		return status;
	return take_address(o, argv[optind], argv[optind + 1]);
}

int options_threshold(const struct options *o)
{
	return o->verbose ? LOG_DEBUG : o->quiet ? LOG_ERR : LOG_NOTICE;
}
