/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "commands.h"
#include "config.h"
#include "log.h"
#include "options.h"
#include "status_codes.h"
#include "text.h"

/* Quoted where it would otherwise be read as something else. */
static void print_field(const char *field)
{
	bool quote = strpbrk(field, " \t") || *field == '"' || *field == '#';
	char shown[8];

	if (quote)
		putchar('"');
	for (; *field; field++) {
		if (quote && (*field == '"' || *field == '\\'))
			putchar('\\');
		fputs(log_escape(shown, sizeof shown, field, 1), stdout);
	}
	if (quote)
		putchar('"');
}

static void print_word(const char *name, const char *value)
{
	char word[ACCOUNT_LINE_MAX + 1];

	snprintf(word, sizeof word, "%s=%s", name, value);
	putchar(' ');
	print_field(word);
}

static void print_lans(const struct account *a)
{
	char shown[4 * IF_NAMESIZE];

	for (unsigned i = 0; i < a->n_lans; i++)
		printf("%s%s:%x", i ? "," : " lan=",
		       log_escape(shown, sizeof shown, a->lans[i].name, strlen(a->lans[i].name)),
		       a->lans[i].subnet);
}

static void print_route(const struct account *a)
{
	printf(" route=%s", a->route == ROUTE_DEFAULT ? "default"
			    : a->route == ROUTE_NONE  ? "none" : "");
	for (unsigned i = 0; i < a->n_routes; i++)
		printf("%s%s", i ? "," : "", text_prefix(&a->routes[i]));
}

/* The account with every default filled in, as a line of the file. */
static void print_account(const struct account *a)
{
	print_field(a->server);
	printf(" %u ", a->port);
	print_field(a->user);
	printf(" ******** type=%s interface=%s", account_type_name(a->type), a->interface);
	if (a->link[0])
		print_word("link", a->link);
	if (a->build) {
		print_lans(a);
		print_route(a);
		printf(" metric=%u", a->metric);
		printf(a->mtu ? " mtu=%u" : " mtu=auto", a->mtu);
		printf(" ttl=%u", a->ttl);
	}
	printf(" ping=%u tunnel=%s", a->ping, a->build ? "sit" : "none");
	if (a->script)
		print_word("script", a->script);
	putchar('\n');
}

/* A tunnel with a LAN behind it is of little use on a host that does not
 * forward; switching it on is its owner's to do. */
static void check_forwarding(const char *path, const struct account *list)
{
	int fd;
	char on = '1';

	for (; list; list = list->next)
		if (list->n_lans)
			break;
	if (!list)
		return;
	fd = open("/proc/sys/net/ipv6/conf/all/forwarding", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, &on, 1) == 1 && on == '0')
		log_msg(LOG_WARNING, "%s:%u: lan= is of little use while this host does not forward "
				     "IPv6: sysctl net.ipv6.conf.all.forwarding=1", path, list->line);
	if (fd >= 0)
		close(fd);
}

int command_check(const struct options *o)
{
	struct account *list;
	char interface[IF_NAMESIZE];

	list = config_read(o->config);
	if (!list)
		return STATUS_CONFIG;
	memcpy(interface, o->interface, sizeof interface);
	if (o->server || o->link[0] || o->interface[0])
		list = config_select(list, o->server, o->link, interface);
	if (!list)
		log_msg(LOG_NOTICE, "%s: no account for server %s, interface %s, link %s", o->config,
			o->server ? o->server : "(any)", o->interface[0] ? o->interface : "(any)",
			o->link[0] ? o->link : "(any)");
	for (struct account *a = list; a; a = a->next)
		print_account(a);
	check_forwarding(o->config, list);
	account_free(list);
	return log_stdout_done() ? STATUS_OK : STATUS_SYSTEM;
}
