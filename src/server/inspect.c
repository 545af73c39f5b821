/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "account/conf.h"
#include "common/jail.h"
#include "common/log.h"
#include "common/status_codes.h"
#include "common/text.h"
#include "server/ability.h"
#include "server/arguments.h"
#include "server/config.h"
#include "server/look.h"
#include "server/user_line.h"

/* The file with every default filled in, without the passwords. */
static void print_config(const struct config *c)
{
	char words[USER_LINE_WORDS_MAX];

	for (unsigned i = 0; i < c->n_listen; i++)
		printf("listen %s:%u\n", text_ipv4(c->listen[i].sin_addr),
		       ntohs(c->listen[i].sin_port));
	printf("idle %u\nsessions %u\n", c->idle, c->sessions);
	if (c->script[0]) {
		printf("script ");
		conf_print_field(c->script);
		putchar('\n');
	}
	for (const struct config_user *u = c->users; u; u = u->next) {
		printf("user ");
		conf_print_field(u->name);
		printf(" ********%s\n", user_line_words(u, words));
	}
}

static bool file_begins(const char *path, char wanted)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char c = wanted;

	if (fd < 0)
		return true; /* nothing is known, so nothing is said */
	if (read(fd, &c, 1) != 1)
		c = wanted;
	close(fd);
	return c == wanted;
}

/* Settings of this machine with which it serves, but not as wanted. */
static void check_settings(void)
{
	if (!file_begins("/proc/sys/net/ipv6/conf/all/forwarding", '1'))
		log_msg(LOG_WARNING, "this machine does not forward IPv6, so tunnels lead nowhere: "
				     "sysctl net.ipv6.conf.all.forwarding=1");
	if (!file_begins("/proc/sys/net/ipv4/tcp_syncookies", '1') &&
	    !file_begins("/proc/sys/net/ipv4/tcp_syncookies", '2'))
		log_msg(LOG_WARNING, "SYN cookies are off, so whoever sends SYNs keeps others out: "
				     "sysctl net.ipv4.tcp_syncookies=1");
}

/* True where dtcpd can serve here at all. */
static bool check_machine(void)
{
	const char *no_filter = jail_missing();
	struct ability_programs programs;
	bool able = ability_find(&programs);

	if (!ability_sit()) {
		log_msg(LOG_ERR, "%s", ability_no_sit);
		able = false;
	}
	check_settings();
	if (no_filter)
		log_msg(LOG_WARNING, "there is no filter of system calls: %s", no_filter);
	return able;
}

static void check_user(const char *path, const struct config_user *u)
{
	if (u->n_prefixes == 0 && !u->host && !u->tunnelonly)
		log_msg(LOG_WARNING, "%s:%u: user '%s' has neither prefix= nor host= nor tunnelonly=, "
				     "so that every login is refused", path, u->line, u->name);
}

static void check_prefix(const char *path, const struct config_user *u, const struct prefix *p,
			 const struct look_other *o)
{
	if (o->prefix.len == 0)
		return;
	if (o->on_link)
		log_msg(LOG_WARNING,
			"%s:%u: %s is on link here: %s has %s, whose addresses are looked "
			"for on that link itself; the provider has to route the prefix to "
			"this machine",
			path, u->line, text_prefix(p), o->link, text_prefix(&o->prefix));
	else
		log_msg(LOG_WARNING, "%s:%u: %s is routed elsewhere: there is a route for %s by %s",
			path, u->line, text_prefix(p), text_prefix(&o->prefix), o->link);
}

/* All of the file's, sorted; n: how many. NULL where memory is short. */
static struct prefix *all_prefixes(const struct config *c, size_t *n)
{
	size_t most = (size_t)c->n_users * CONFIG_PREFIXES_MAX;
	struct prefix *list = calloc(most, sizeof *list);

	*n = 0;
	if (!list)
		return NULL;
	for (const struct config_user *u = c->users; u; u = u->next)
		for (unsigned i = 0; i < u->n_prefixes; i++)
			list[(*n)++] = u->prefixes[i];
	qsort(list, *n, sizeof *list, prefix_order);
	return list;
}

/* Users, and what there is of routes that have to do with their prefixes. */
static void check_users(const char *path, const struct config *c)
{
	size_t n;
	struct prefix *list = all_prefixes(c, &n);
	struct look_other *others = list ? calloc(n + 1, sizeof *others) : NULL;

	if (others)
		look_elsewhere(list, n, others);
	else
		log_msg(LOG_ERR, "out of memory");
	for (const struct config_user *u = c->users; u; u = u->next) {
		check_user(path, u);
		for (unsigned i = 0; others && i < u->n_prefixes; i++) {
			const struct prefix *p = bsearch(&u->prefixes[i], list, n, sizeof *list,
							 prefix_order);

			check_prefix(path, u, p, &others[p - list]);
		}
	}
	free(others);
	free(list);
}

void server_warn(const char *path, const struct config *c)
{
	check_settings();
	for (const struct config_user *u = c->users; u; u = u->next)
		check_user(path, u);
}

int server_check(const struct server_options *o)
{
	struct config c;
	bool able;

	if (!config_read(&c, o->config))
		return STATUS_CONFIG;
	print_config(&c);
	able = check_machine();
	check_users(o->config, &c);
	config_free(&c);
	return log_stdout_done() && able ? STATUS_OK : STATUS_SYSTEM;
}
