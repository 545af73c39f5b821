/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/status_codes.h"
#include "rundir/rundir.h"
#include "server/look.h"
#include "server/arguments.h"
#include "server/record_file.h"

/* What the state file says. */
struct report {
	const char *run_dir;
	bool alive, listens, elsewhere;
	size_t n, room;
	struct record_tunnel *list;
	bool failed;
};

static void take(void *arg, enum record_kind kind, const struct record_line *r)
{
	struct report *all = arg;

	if (kind == RECORD_PROCESS) {
		all->alive = r->start != 0 && rundir_process_start(r->pid) == r->start;
		all->listens = !r->starting;
	}
	if (kind == RECORD_NETNS)
		all->elsewhere = record_file_place(r->netns, all->run_dir) == NETNS_OTHER;
	if (kind != RECORD_TUNNEL || strcmp(r->tunnel.type, "-") == 0)
		return;
	if (all->n == all->room) {
		size_t more = all->room ? 2 * all->room : 64;
		struct record_tunnel *list = reallocarray(all->list, more, sizeof *list);

		all->failed |= !list;
		if (!list)
			return;
		all->list = list;
		all->room = more;
	}
	all->list[all->n++] = r->tunnel;
}

/* RFC 3339, in UTC. */
static const char *date(int64_t seconds, char out[32])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
	return out;
}

/* Text that was escaped as in the log: printable ASCII, but '"' and '\'. */
static void print_json_text(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('"');
}

static void print_json_name(const char *name, const char *value)
{
	printf("\"%s\": ", name);
	print_json_text(value);
	printf(", ");
}

static void print_json_prefixes(const char *words)
{
	printf("\"prefixes\": [");
	for (const char *sep = ""; *words && strcmp(words, "-") != 0; sep = ", ") {
		size_t len = strcspn(words, ",");

		printf("%s\"%.*s\"", sep, (int)len, words);
		words += len + (words[len] == ',');
	}
	printf("], ");
}

static void print_json_one(const struct record_tunnel *t, const struct look_link *k)
{
	char text[32];

	printf("  {");
	print_json_name("user", t->user);
	print_json_name("type", t->type);
	print_json_name("interface", t->interface);
	print_json_name("local", t->local);
	print_json_name("remote", t->remote);
	print_json_prefixes(t->prefixes);
	print_json_name("since", date(t->since, text));
	if (t->pinged)
		print_json_name("last_ping", date(t->pinged, text));
	else
		printf("\"last_ping\": null, ");
	if (k)
		printf("\"bytes_in\": %llu, \"bytes_out\": %llu, \"packets_in\": %llu, "
		       "\"packets_out\": %llu}",
		       (unsigned long long)k->bytes_in, (unsigned long long)k->bytes_out,
		       (unsigned long long)k->packets_in, (unsigned long long)k->packets_out);
	else
		printf("\"bytes_in\": null, \"bytes_out\": null, \"packets_in\": null, "
		       "\"packets_out\": null}");
}

static void print_json(const struct report *all, const struct look *l)
{
	printf("[");
	for (size_t i = 0; i < all->n; i++) {
		printf(i ? ",\n" : "\n");
		print_json_one(&all->list[i], look_link(l, all->list[i].interface));
	}
	printf(all->n ? "\n]\n" : "]\n");
}

static void print_sessions(const struct report *all, const struct look *l)
{
	char since[32], pinged[32];

	printf("dtcpd is running, %zu %s\n", all->n, all->n == 1 ? "session" : "sessions");
	for (size_t i = 0; i < all->n; i++) {
		const struct record_tunnel *t = &all->list[i];
		const struct look_link *k = look_link(l, t->interface);

		printf("%s: %s, %s, to %s from %s\n", t->user, t->interface, t->type, t->remote,
		       t->local);
		if (strcmp(t->prefixes, "-") != 0)
			printf("  prefixes   %s\n", t->prefixes);
		printf("  since      %s\n", date(t->since, since));
		printf("  last ping  %s\n", t->pinged ? date(t->pinged, pinged) : "none yet");
		if (k)
			printf("  in         %llu bytes, %llu packets\n"
			       "  out        %llu bytes, %llu packets\n",
			       (unsigned long long)k->bytes_in, (unsigned long long)k->packets_in,
			       (unsigned long long)k->bytes_out,
			       (unsigned long long)k->packets_out);
	}
}

static void print_text(const struct report *all, const struct look *l)
{
	if (all->elsewhere)
		return; /* which was said */
	if (!all->alive)
		printf("dtcpd is not running\n");
	else if (!all->listens)
		printf("dtcpd is starting\n");
	else
		print_sessions(all, l);
}

int server_status(const struct server_options *o)
{
	int dir = rundir_open(o->run_dir, false);
	struct report all = {.run_dir = o->run_dir};
	struct look l;

	if (dir >= 0)
		record_file_read(dir, take, &all);
	if (dir >= 0)
		close(dir);
	all.alive &= !all.elsewhere;
	if (!all.alive)
		all.n = 0;
	if (all.failed || !look_take(&l, true)) {
		free(all.list);
		return STATUS_SYSTEM;
	}
	if (o->json)
		print_json(&all, &l);
	else
		print_text(&all, &l);
	look_free(&l);
	free(all.list);
	if (!log_stdout_done())
		return STATUS_SYSTEM;
	return all.alive && all.listens ? STATUS_OK : STATUS_NOT_UP;
}
