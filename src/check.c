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

static void print_lans(const struct account *a)
{
	for (unsigned i = 0; i < a->n_lans; i++)
		printf("%s%s:%x", i ? "," : " lan=", a->lans[i].name, a->lans[i].subnet);
}

static void print_route(const struct account *a)
{
	char text[PREFIX_TEXT_MAX];

	printf(" route=%s", a->route == ROUTE_DEFAULT ? "default"
			    : a->route == ROUTE_NONE  ? "none" : "");
	for (unsigned i = 0; i < a->n_routes; i++)
		printf("%s%s", i ? "," : "", prefix_text(&a->routes[i], text));
}

/* The account with every default filled in, as a line of the file. */
static void print_account(const struct account *a)
{
	char text[ACCOUNT_LINE_MAX * 4 + 1];

	printf("%s %u ", log_escape(text, sizeof text, a->server, strlen(a->server)), a->port);
	printf("%s ******** type=%s interface=%s",
	       log_escape(text, sizeof text, a->user, strlen(a->user)),
	       account_type_name(a->type), a->interface);
	if (a->link[0])
		printf(" link=%s", a->link);
	if (a->build) {
		print_lans(a);
		print_route(a);
		printf(" metric=%u", a->metric);
		printf(a->mtu ? " mtu=%u" : " mtu=auto", a->mtu);
		printf(" ttl=%u", a->ttl);
	}
	printf(" ping=%u tunnel=%s", a->ping, a->build ? "sit" : "none");
	if (a->script)
		printf(" script=%s", log_escape(text, sizeof text, a->script, strlen(a->script)));
	putchar('\n');
}

/* A tunnel with a LAN behind it is of little use on a host that does not
 * forward; switching it on is its owner's to do. */
static void check_forwarding(const struct account *list)
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
		log_msg(LOG_WARNING, "line %u has lan=, but this host does not forward IPv6: "
				     "sysctl net.ipv6.conf.all.forwarding=1", list->line);
	if (fd >= 0)
		close(fd);
}

int command_check(const struct options *o)
{
	struct account *list;
	char interface[IF_NAMESIZE];

	log_setup(LOG_TO_STDERR, options_threshold(o));
	list = config_read(o->config);
	if (!list)
		return STATUS_CONFIG;
	memcpy(interface, o->interface, sizeof interface);
	if (o->server || o->link[0] || o->interface[0])
		list = config_select(list, o->server, o->link, interface);
	for (struct account *a = list; a; a = a->next)
		print_account(a);
	check_forwarding(list);
	account_free(list);
	return fflush(stdout) == 0 ? STATUS_OK : STATUS_SYSTEM;
}
