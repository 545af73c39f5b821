/* SPDX-License-Identifier: ISC */
#include "server/config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "server/clash.h"
#include "server/user_line.h"

/* A file while it is read. */
struct reading {
	struct config *c;
	struct config_user **tail;
	unsigned seen; /* bits of directives that may stand once */
	unsigned line; /* the last one */
};

static void free_user(struct config_user *u)
{
	explicit_bzero(u->text, u->text_len);
	free(u);
}

/* rest is what follows "user" in a line. */
static bool take_user(struct reading *r, unsigned number, const char *rest, char *why)
{
	size_t len = strlen(rest);
	struct config_user *u = calloc(1, sizeof *u + len + 1);

	if (!u) {
		snprintf(why, CONF_WHY_MAX, "out of memory");
		return false;
	}
	memcpy(u->text, rest, len + 1);
	u->text_len = len;
	u->line = number;
	if (!user_line_parse(u, u->text, why)) {
		free_user(u);
		return false;
	}
	u->id = ++r->c->last_id;
	r->c->n_users++;
	*r->tail = u;
	r->tail = &u->next;
	return true;
}

/* Every address is any other one, too. */
static bool same_place(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
	return a->sin_port == b->sin_port &&
	       (a->sin_addr.s_addr == b->sin_addr.s_addr || a->sin_addr.s_addr == INADDR_ANY ||
		b->sin_addr.s_addr == INADDR_ANY);
}

static bool take_listen(struct config *c, char *value)
{
	struct sockaddr_in *sin = &c->listen[c->n_listen];
	char *colon = strchr(value, ':');
	uint32_t port = CONFIG_PORT;

	if (c->n_listen == CONFIG_LISTEN_MAX)
		return false;
	if (colon)
		*colon++ = '\0';
	if (colon && !text_number(colon, 1, 65535, &port))
		return false;
	memset(sin, 0, sizeof *sin);
	sin->sin_family = AF_INET;
	sin->sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, value, &sin->sin_addr) != 1)
		return false;
	for (unsigned i = 0; i < c->n_listen; i++)
		if (same_place(&c->listen[i], sin))
			return false;
	c->n_listen++;
	return true;
}

static bool take_idle(struct config *c, char *value)
{
	return text_number(value, 1, CONFIG_IDLE_MAX, &c->idle);
}

static bool take_sessions(struct config *c, char *value)
{
	return text_number(value, 1, CONFIG_SESSIONS_MAX, &c->sessions);
}

static bool take_script(struct config *c, char *value)
{
	snprintf(c->script, sizeof c->script, "%s", value);
	return value[0] == '/';
}

/* Directives that take one value. */
static const struct {
	const char *name;
	bool once;
	bool (*take)(struct config *c, char *value);
	const char *takes;
} directives[] = {
	{"listen", false, take_listen, "IPV4-ADDRESS[:PORT], each once (0.0.0.0 is all of them), 16 at most"},
	{"idle", true, take_idle, "1 to 86400 seconds"},
	{"sessions", true, take_sessions, "1 to 8192"},
	{"script", true, take_script, "an absolute path"},
};
enum { DIRECTIVES = sizeof directives / sizeof directives[0] };

static bool take_directive(struct reading *r, unsigned i, char *in, char *why)
{
	char *value, *more = NULL, kept[CONF_LINE_MAX + 1] = "";
	bool quoted;

	if (r->seen & 1u << i && directives[i].once) {
		snprintf(why, CONF_WHY_MAX, "%s stands twice", directives[i].name);
		return false;
	}
	r->seen |= 1u << i;
	if (!conf_field(&in, &value, &quoted, why))
		return false;
	if (value) {
		snprintf(kept, sizeof kept, "%s", value);
		if (!conf_field(&in, &more, &quoted, why))
			return false;
	}
	if (value && (!more || (*more == '#' && !quoted)) && directives[i].take(r->c, value))
		return true;
	return conf_takes(why, directives[i].name, more && *more != '#' ? more : kept,
		   directives[i].takes);
}

static bool take_line(void *arg, unsigned number, const char *line, size_t len, char *why)
{
	char text[CONF_LINE_MAX + 1], shown[64], *in = text, *first;
	struct reading *r = arg;
	bool quoted, ok = false;
	int says = conf_line_ok(line, &len, why);

	r->line = number;
	if (says <= 0)
		return says == 0;
	memcpy(text, line, len);
	text[len] = '\0';
	if (!conf_field(&in, &first, &quoted, why))
		return false;
	for (unsigned i = 0; i < DIRECTIVES; i++)
		if (strcmp(first, directives[i].name) == 0)
			return take_directive(r, i, in, why);
	if (strcmp(first, "user") == 0) {
		ok = take_user(r, number, in, why);
	} else {
		text_escape(shown, sizeof shown, first, strlen(first));
		snprintf(why, CONF_WHY_MAX,
			 "'%s' is none of listen, idle, sessions, script and user", shown);
	}
	explicit_bzero(text, sizeof text);
	return ok;
}

static void start(struct config *c, struct reading *r)
{
	memset(c, 0, sizeof *c);
	c->idle = 300;
	c->sessions = CONFIG_SESSIONS_DEFAULT;
	*r = (struct reading){.c = c, .tail = &c->users, .line = 1};
}

static bool finish(const struct reading *r, const char *path, bool ok)
{
	struct config *c = r->c;

	if (ok && !c->users) {
		log_msg(LOG_ERR, "%s:%u: no user in this file: a line needs 'user', a name and a "
				 "password", path, r->line);
		ok = false;
	}
	if (ok && clash_none(c, path)) {
		if (c->n_listen == 0)
			c->listen[c->n_listen++] = (struct sockaddr_in){
				.sin_family = AF_INET, .sin_port = htons(CONFIG_PORT)};
		return true;
	}
	config_free(c);
	return false;
}

bool config_read(struct config *c, const char *path)
{
	struct reading r;
	bool ok;

	start(c, &r);
	ok = conf_file_read(path, "dtcpd.conf", take_line, &r);
	return finish(&r, path, ok);
}

bool config_parse(struct config *c, const char *path, const char *text, size_t len)
{
	struct reading r;
	bool ok;

	start(c, &r);
	ok = conf_text_each(path, text, len, take_line, &r);
	return finish(&r, path, ok);
}

void config_free(struct config *c)
{
	while (c->users) {
		struct config_user *next = c->users->next;

		free_user(c->users);
		c->users = next;
	}
	c->n_users = 0;
}

void config_forget_passwords(struct config *c)
{
	for (struct config_user *u = c->users; u; u = u->next) {
		char *p = u->text + (u->password - u->text);

		explicit_bzero(p, strlen(p));
	}
}

/* Of two of the same name. */
static bool same_words(const struct config_user *a, const struct config_user *b)
{
	/* calloc() and the parsers leave no byte of these unset. */
	const size_t from = offsetof(struct config_user, n_prefixes),
		     end = offsetof(struct config_user, text_len);

	return memcmp((const char *)a + from, (const char *)b + from, end - from) == 0;
}

struct config_entry *config_sorted(const struct config *c, int (*order)(const void *, const void *))
{
	struct config_entry *list = calloc(c->n_users, sizeof *list);
	size_t n = 0;

	if (!list)
		return NULL;
	for (const struct config_user *u = c->users; u; u = u->next)
		list[n++].user = u;
	qsort(list, n, sizeof *list, order);
	return list;
}

int config_by_name(const void *a, const void *b)
{
	const struct config_entry *x = a, *y = b;

	return strcmp(x->user->name, y->user->name);
}

int config_by_id(const void *a, const void *b)
{
	const struct config_entry *x = a, *y = b;

	return (x->user->id > y->user->id) - (x->user->id < y->user->id);
}

bool config_renumber(struct config *c, const struct config *old)
{
	struct config_entry *list = config_sorted(old, config_by_name);

	if (!list)
		return false;
	c->last_id = old->last_id;
	for (struct config_user *u = c->users; u; u = u->next) {
		const struct config_entry wanted = {u},
			*o = bsearch(&wanted, list, old->n_users, sizeof *list, config_by_name);

		u->id = o && same_words(u, o->user) ? o->user->id : ++c->last_id;
	}
	free(list);
	return true;
}

const struct config_user *config_user(const struct config *c, uint32_t id)
{
	for (const struct config_user *u = c->users; u; u = u->next)
		if (u->id == id)
			return u;
	return NULL;
}

bool config_serves(const struct config_user *u, enum dtcp_type type)
{
	switch (type) {
	case DTCP_NETWORK:
		return u->n_prefixes > 0;
	case DTCP_HOST:
		return u->host;
	case DTCP_TUNNELONLY:
		return u->tunnelonly;
	}
	return false;
}
