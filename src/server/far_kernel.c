/* SPDX-License-Identifier: ISC */
#include "server/far_kernel.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "kernel/interface.h"

static bool is_zero(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char c = '1';
	bool zero = fd >= 0 && read(fd, &c, 1) == 1 && c == '0';

	if (fd >= 0)
		close(fd);
	return zero;
}

bool far_kernel_distrust(const char *name)
{
	static const char *const settings[] = {"accept_ra", "autoconf", "accept_redirects"};
	bool ok = true;

	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
		char path[96];
		int fd;

		snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/%s", name, settings[i]);
		if (is_zero(path))
			continue;
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "0\n", 2) != 2) {
			log_msg(LOG_ERR, "%s: %s cannot be set to 0: %m", name, path);
			ok = false;
		}
		if (fd >= 0)
			close(fd);
	}
	return ok;
}

/* A socket for each interface, since one can join a few groups only. */
void far_kernel_join(struct session *s, unsigned index)
{
	struct ipv6_mreq group = {.ipv6mr_interface = index};

	if (s->joined)
		return;
	group.ipv6mr_multiaddr.s6_addr[0] = 0xff;
	group.ipv6mr_multiaddr.s6_addr[1] = 0x02;
	group.ipv6mr_multiaddr.s6_addr[15] = 0x02;
	s->group = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	s->joined = s->group >= 0 && setsockopt(s->group, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group,
						sizeof group) == 0;
	if (s->joined)
		return;
	log_msg(LOG_WARNING, "%s: ff02::2 cannot be joined: %m", s->want.name);
	if (s->group >= 0)
		close(s->group);
}

void far_kernel_leave(struct session *s)
{
	if (s->joined)
		close(s->group);
	s->joined = false;
}

bool far_kernel_whole(struct look *l, const struct far *f, const char **lacks)
{
	const struct look_link *k = look_link(l, f->name);

	*lacks = "the interface";
	if (!k)
		return false;
	*lacks = "the right ends";
	if (k->local.s_addr != f->local.s_addr || k->remote.s_addr != f->remote.s_addr)
		return false;
	/* Without them it does not come up. */
	*lacks = "its filters";
	if (look_filters(l, k->index) != (int)far_filters(f))
		return false;
	*lacks = "to be up";
	if (!k->up)
		return false;
	*lacks = "its MTU";
	if (k->mtu != f->mtu)
		return false;
	*lacks = "its TTL";
	if (k->ttl != f->ttl)
		return false;
	*lacks = "a route";
	for (unsigned i = 0; i < f->n_prefixes; i++)
		if (!look_route(l, &f->prefixes[i], k->index))
			return false;
	*lacks = "its address";
	return f->type != DTCP_HOST || interface_has_address6(k->index, &f->server6);
}
