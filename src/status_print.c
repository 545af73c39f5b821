/* SPDX-License-Identifier: ISC */
#include "status_print.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "state.h"
#include "text.h"

/* Texts in a state are printable ASCII, so two characters need care. */
static void json_text(const char *name, const char *value)
{
	printf(",\"%s\":", name);
	if (!*value) {
		printf("null");
		return;
	}
	putchar('"');
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '"' || c == '\\')
			putchar('\\');
		if (c >= 0x20 && c < 0x7f)
			putchar(c);
	}
	putchar('"');
}

static void json_address(const char *name, struct in_addr a)
{
	json_text(name, a.s_addr ? text_ipv4(a) : "");
}

/* RFC 3339, whose years have four digits. */
static void json_time(const char *name, time_t t)
{
	char text[32] = "";
	struct tm tm;

	if (t > 0 && gmtime_r(&t, &tm) && tm.tm_year <= 9999 - 1900)
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_text(name, text);
}

static void json_number(const char *name, bool known, long value)
{
	if (known)
		printf(",\"%s\":%ld", name, value);
	else
		printf(",\"%s\":null", name);
}

static void json_ms(const char *name, int64_t us)
{
	if (us >= 0)
		printf(",\"%s\":%.3f", name, (double)us / 1000);
	else
		printf(",\"%s\":null", name);
}

void status_json(const struct state *s, bool first)
{
	const struct tunnel *t = &s->tunnel;
	bool live = s->word != STATE_DOWN;

	printf("%s{\"interface\":\"%s\"", first ? "" : ",", t->name);
	json_text("state", state_word_name(s->word));
	json_number("pid", live, s->pid);
	json_text("server", s->server);
	json_text("user", s->user);
	json_text("type", s->server[0] ? account_type_name(t->type) : "");
	json_text("link", s->link);
	json_address("local", t->local);
	json_address("remote", t->remote);
	json_address("seen_as", s->seen_as);
	printf(",\"prefixes\":[");
	for (unsigned i = 0; i < t->n_prefixes; i++)
		printf("%s\"%s\"", i ? "," : "", text_prefix(&t->prefixes[i]));
	printf("]");
	json_number("mtu", t->mtu > 0 && s->build, t->mtu);
	json_time("since", live ? s->since : 0);
	json_number("reconnects", live, s->reconnects);
	json_time("last_pong", s->last_pong);
	json_ms("dtcp_rtt_ms", s->dtcp_rtt_us);
	if (live && s->build && s->path_ok >= 0)
		printf(",\"path_ok\":%s", s->path_ok ? "true" : "false");
	else
		printf(",\"path_ok\":null");
	json_ms("path_rtt_ms", s->path_rtt_us);
	printf("}");
}

static const char *ago(time_t then, char *out, size_t size)
{
	long long s = (long long)(time(NULL) - then);

	if (then <= 0)
		snprintf(out, size, "never");
	else if (s < 2)
		snprintf(out, size, "just now");
	else if (s < 120)
		snprintf(out, size, "%lld s ago", s);
	else if (s < 7200)
		snprintf(out, size, "%lld min ago", s / 60);
	else if (s < 172800)
		snprintf(out, size, "%lld h ago", s / 3600);
	else
		snprintf(out, size, "%lld days ago", s / 86400);
	return out;
}

/* Escaped, since --run-dir may name a directory of anybody's. */
static void row(const char *name, const char *value)
{
	char shown[LOG_TEXT_MAX];

	if (*value)
		printf("  %-12s %s\n", name,
		       log_escape(shown, sizeof shown, value, strlen(value)));
}

static void row_address(const char *name, struct in_addr a, const char *more)
{
	char text[INET_ADDRSTRLEN + 64];

	if (!a.s_addr)
		return;
	snprintf(text, sizeof text, "%s%s", text_ipv4(a), more);
	row(name, text);
}

static void text_tunnel(const struct state *s)
{
	const struct tunnel *t = &s->tunnel;
	char text[16];

	row("link", s->link);
	row_address("near end", t->local,
		    s->seen_as.s_addr && s->seen_as.s_addr != t->local.s_addr
			    ? " (the server sees another one: NAT)" : "");
	row_address("far end", t->remote, "");
	for (unsigned i = 0; i < t->n_prefixes; i++)
		row(i ? "" : "prefix", text_prefix(&t->prefixes[i]));
	if (t->mtu && s->build) {
		snprintf(text, sizeof text, "%u", t->mtu);
		row("MTU", text);
	}
}

static void text_health(const struct state *s)
{
	char text[96], when[32];

	ago(s->last_pong, when, sizeof when);
	if (s->dtcp_rtt_us >= 0) {
		snprintf(text, sizeof text, "%s, in %.1f ms", when, (double)s->dtcp_rtt_us / 1000);
		row("last pong", text);
	}
	if (s->build && s->path_ok == 0)
		row("path", "the far end does not answer through the tunnel: protocol 41 filtered?");
	/* While it is not up this would be an old answer. */
	if (s->word == STATE_UP && s->build && s->path_ok > 0) {
		snprintf(text, sizeof text, "good, %.1f ms", (double)s->path_rtt_us / 1000);
		row("path", text);
	}
	snprintf(text, sizeof text, "%u", s->reconnects);
	row("reconnects", s->reconnects ? text : "");
}

void status_text(const struct state *s, bool first)
{
	static const char colours[][6] = {"\033[31m", "\033[33m", "\033[32m"};
	bool colour = isatty(STDOUT_FILENO);
	char text[STATE_NAME_MAX * 2 + 40], when[32];

	printf("%s%s: %s%s%s", first ? "" : "\n", s->tunnel.name, colour ? colours[s->word] : "",
	       state_word_name(s->word), colour ? "\033[0m" : "");
	if (s->word == STATE_DOWN) {
		printf("\n");
		return;
	}
	printf(" since %s (process %d)\n", ago(s->since, when, sizeof when), (int)s->pid);
	snprintf(text, sizeof text, "%s, user %s, type %s", s->server, s->user,
		 account_type_name(s->tunnel.type));
	row("server", s->server[0] ? text : "");
	if (s->known)
		text_tunnel(s);
	else
		row("link", s->link);
	text_health(s);
}
