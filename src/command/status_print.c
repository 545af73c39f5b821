/* SPDX-License-Identifier: ISC */
#include "command/status_print.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/text.h"
#include "rundir/state.h"

/* The length of the character of UTF-8 (RFC 3629) at p, and the character; 0 where there
 * is none, or it is a control character. */
static unsigned utf8(const char *p, uint32_t *character)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} forms[] = {{0xe0, 0xc0, 0xa0}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
	const unsigned char *b = (const unsigned char *)p;

	for (unsigned i = 0; i < 3; i++) {
		uint32_t c = b[0] & (unsigned char)~forms[i].mask;
		unsigned n = 1;

		if ((b[0] & forms[i].mask) != forms[i].lead)
			continue;
		for (; n < i + 2 && (b[n] & 0xc0) == 0x80; n++)
			c = c << 6 | (b[n] & 0x3f);
		*character = c;
		return n == i + 2 && c >= forms[i].least && c <= 0x10ffff && c >> 11 != 0x1b ? n
											    : 0;
	}
	return 0;
}

static void json_character(uint32_t c)
{
	if (c > 0xffff) { /* in two halves, as UTF-16 has it (RFC 8259, 7) */
		printf("\\u%04x", (unsigned)(0xd800 + ((c - 0x10000) >> 10)));
		c = 0xdc00 + ((c - 0x10000) & 0x3ff);
	}
	printf("\\u%04x", (unsigned)c);
}

/* In ASCII alone, since it may go to a terminal. A link may have any name: what is no
 * character is shown as everywhere else, as \xNN. */
static void json_string(const char *value)
{
	unsigned n;

	putchar('"');
	for (; *value; value += n) {
		unsigned char byte = (unsigned char)*value;
		uint32_t c;

		n = 1;
		if (byte == '"' || byte == '\\') {
			printf("\\%c", byte);
		} else if (byte >= 0x20 && byte < 0x7f) {
			putchar(byte);
		} else if ((n = utf8(value, &c)) > 0) {
			json_character(c);
		} else {
			n = 1;
			printf("\\\\x%02x", byte);
		}
	}
	putchar('"');
}

static void json_text(const char *name, const char *value)
{
	printf(",\"%s\":", name);
	if (*value)
		json_string(value);
	else
		printf("null");
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

static void json_number(const char *name, bool known, long long value)
{
	if (known)
		printf(",\"%s\":%lld", name, value);
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

static void json_lans(const struct tunnel *t)
{
	printf(",\"lan\":[");
	for (unsigned i = 0; i < t->n_lans; i++) {
		char lan[IF_NAMESIZE + INET6_ADDRSTRLEN + 8];

		snprintf(lan, sizeof lan, "%s=%s/64", t->lans[i].name,
			 text_ipv6(&t->lans[i].address));
		printf("%s", i ? "," : "");
		json_string(lan);
	}
	printf("]");
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
	json_text("type", s->server[0] ? tunnel_type_name(t->type) : "");
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
	json_lans(t);
	json_text("last_error", s->word == STATE_UP ? "" : s->last_error);
	printf("}");
}

/* How long ago, without a word for it: "3 min". */
static const char *since(time_t then, char *out, size_t size)
{
	long long s = (long long)(time(NULL) - then);

	if (s < 0)
		s = 0;
	if (s < 120)
		snprintf(out, size, "%lld s", s);
	else if (s < 7200)
		snprintf(out, size, "%lld min", s / 60);
	else if (s < 172800)
		snprintf(out, size, "%lld h", s / 3600);
	else
		snprintf(out, size, "%lld days", s / 86400);
	return out;
}

static const char *ago(time_t then, char *out, size_t size)
{
	if (then <= 0)
		snprintf(out, size, "never");
	else if (time(NULL) - then < 2)
		snprintf(out, size, "just now");
	else
		snprintf(out + strlen(since(then, out, size)), size - strlen(out), " ago");
	return out;
}

/* Escaped, since --run-dir may name a directory that anybody can write to. */
static void row(const char *name, const char *value)
{
	char shown[LOG_TEXT_MAX];

	if (*value)
		printf("  %-12s %s\n", name,
		       text_escape(shown, sizeof shown, value, strlen(value)));
}

static void row_address(const char *name, struct in_addr a)
{
	if (a.s_addr)
		row(name, text_ipv4(a));
}

/* As the server sees it, too: behind NAT that is what it sends to. */
static void row_near_end(struct in_addr local, struct in_addr seen_as)
{
	char text[2 * INET_ADDRSTRLEN + 64];

	if (!local.s_addr || !seen_as.s_addr || local.s_addr == seen_as.s_addr) {
		row_address("near end", local);
		return;
	}
	snprintf(text, sizeof text, "%s (the server sees %s: NAT)", text_ipv4(local),
		 text_ipv4(seen_as));
	row("near end", text);
}

static void text_tunnel(const struct state *s)
{
	const struct tunnel *t = &s->tunnel;
	char text[16], lan[INET6_ADDRSTRLEN + IF_NAMESIZE + 32];
	char ends[2 * INET6_ADDRSTRLEN + 16];

	row("link", s->link);
	row_near_end(t->local, s->seen_as);
	row_address("far end", t->remote);
	if (t->type == DTCP_HOST) {
		snprintf(ends, sizeof ends, "%s, peer %s", text_ipv6(&t->near6), text_ipv6(&t->peer6));
		row("address", ends);
	}
	for (unsigned i = 0; i < t->n_prefixes; i++)
		row(i ? "" : "prefix", text_prefix(&t->prefixes[i]));
	for (unsigned i = 0; i < t->n_lans; i++) {
		/* What is to be on a LAN is known before there is one. */
		snprintf(lan, sizeof lan, "%s/64 on %s%s", text_ipv6(&t->lans[i].address),
			 t->lans[i].name,
			 if_nametoindex(t->lans[i].name) ? "" : ", which is missing");
		row(i ? "" : "LAN", lan);
	}
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
	/* Why, the last error says. */
	if (s->build && s->path_ok == 0)
		row("path", "no answer comes through the tunnel");
	/* While it is not up this would be an old answer. */
	if (s->word == STATE_UP && s->build && s->path_ok > 0) {
		snprintf(text, sizeof text, "good, %.1f ms", (double)s->path_rtt_us / 1000);
		row("path", text);
	}
	snprintf(text, sizeof text, "%u", s->reconnects);
	row("reconnects", s->reconnects ? text : "");
	row("last error", s->word == STATE_UP ? "" : s->last_error);
}

/* Whoever has changed it wonders why nothing has. */
static void text_accounts(const struct state *s)
{
	char text[STATE_NAME_MAX + 96];

	if (!account_file_changed(s->accounts, s->mark))
		return;
	snprintf(text, sizeof text, ACCOUNT_FILE_CHANGED, s->accounts, (int)s->pid);
	row("account file", text);
}

void status_text(const struct state *s, bool first)
{
	static const char *const colours[] = {"\033[31m", "\033[33m", "\033[32m"};
	bool colour = isatty(STDOUT_FILENO);
	char text[STATE_NAME_MAX * 2 + 40], when[32];

	printf("%s%s: %s%s%s", first ? "" : "\n", s->tunnel.name, colour ? colours[s->word] : "",
	       state_word_name(s->word), colour ? "\033[0m" : "");
	if (s->word == STATE_DOWN) {
		printf("\n");
		return;
	}
	if (s->since > 0)
		printf(" for %s", since(s->since, when, sizeof when));
	printf(" (process %d)\n", (int)s->pid);
	snprintf(text, sizeof text, "%s, user %s, type %s", s->server, s->user,
		 tunnel_type_name(s->tunnel.type));
	row("server", s->server[0] ? text : "");
	if (s->known)
		text_tunnel(s);
	else
		row("link", s->link);
	text_health(s);
	text_accounts(s);
}
