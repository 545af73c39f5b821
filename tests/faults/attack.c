/* SPDX-License-Identifier: ISC */
/* What a session must not be able to do, tried in its place. Each line of the
 * output is an attack and how it went: `done`, or the name of the error. None
 * does harm where it works, so that the same can be tried on a process that
 * may do all of it: an attack that fails there too shows nothing. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "puppet.h"

static struct {
	long keeper;
	const char *run_dir, *accounts;
	const char *name; /* of the files in run_dir */
} at;

/* The file NAME.KIND of the run directory. */
static long in_run_dir(const char *name, const char *kind)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s.%s", at.run_dir, name, kind);
	return puppet_text(path);
}

static long of_keeper(const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%ld/%s", at.keeper, name);
	return puppet_text(path);
}

/* A descriptor that was got is given back. */
static long shut(long fd)
{
	if (fd >= 0)
		puppet_call(SYS_close, fd, 0, 0, 0, 0, 0);
	return fd;
}

static long open_file(long path, long flags)
{
	return shut(puppet_call(SYS_openat, AT_FDCWD, path, flags, 0600, 0, 0));
}

static long socket_of(int family, int type, int protocol)
{
	return puppet_call(SYS_socket, family, type, protocol, 0, 0, 0);
}

static long read_account(void)
{
	return open_file(puppet_text(at.accounts), O_RDONLY);
}

static long write_account(void)
{
	return open_file(puppet_text(at.accounts), O_WRONLY | O_APPEND);
}

static long make_in_run_dir(void)
{
	long path = in_run_dir("attack", "state"), r = open_file(path, O_WRONLY | O_CREAT);

	if (r >= 0)
		puppet_call(SYS_unlinkat, AT_FDCWD, path, 0, 0, 0, 0);
	return r;
}

static long write_state(void)
{
	return open_file(in_run_dir(at.name, "state"), O_WRONLY);
}

static long link_state(void)
{
	long path = in_run_dir("attack", "state");
	long r = puppet_call(SYS_linkat, AT_FDCWD, in_run_dir(at.name, "state"), AT_FDCWD, path, 0, 0);

	if (r >= 0)
		puppet_call(SYS_unlinkat, AT_FDCWD, path, 0, 0, 0, 0);
	return r;
}

static long open_pidfile(void)
{
	return open_file(in_run_dir(at.name, "pid"), O_RDWR);
}

static long ask_keeper(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	long fd = socket_of(AF_UNIX, SOCK_SEQPACKET, 0), r;

	if (fd < 0)
		return fd;
	snprintf(un.sun_path, sizeof un.sun_path, "%s/%s.sock", at.run_dir, at.name);
	r = puppet_call(SYS_connect, fd, puppet_put(&un, sizeof un), (long)sizeof un, 0, 0, 0);
	shut(fd);
	return r;
}

static long signal_keeper(void)
{
	return puppet_call(SYS_kill, at.keeper, 0, 0, 0, 0, 0);
}

static long trace_keeper(void)
{
	long r = puppet_call(SYS_ptrace, PTRACE_ATTACH, at.keeper, 0, 0, 0, 0);

	if (r >= 0) {
		puppet_call(SYS_wait4, at.keeper, 0, __WALL, 0, 0, 0);
		puppet_call(SYS_ptrace, PTRACE_DETACH, at.keeper, 0, 0, 0, 0);
	}
	return r;
}

static long read_keeper_memory(void)
{
	return open_file(of_keeper("mem"), O_RDONLY);
}

static long read_keeper_environment(void)
{
	return open_file(of_keeper("environ"), O_RDONLY);
}

static long read_keeper_files(void)
{
	return open_file(of_keeper("fd"), O_RDONLY | O_DIRECTORY);
}

/* The kernel's answer to a request by netlink. */
static long netlink(const void *request, size_t size)
{
	struct { struct nlmsghdr head; struct nlmsgerr error; char rest[512]; } answer;
	long fd = socket_of(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), r;
	long buffer = puppet_put(&answer, sizeof answer);

	if (fd < 0)
		return fd;
	r = puppet_call(SYS_sendto, fd, puppet_put(request, size), (long)size, 0, 0, 0);
	if (r >= 0)
		r = puppet_call(SYS_recvfrom, fd, buffer, (long)sizeof answer, 0, 0, 0);
	shut(fd);
	if (r < 0)
		return r;
	puppet_get(buffer, &answer, sizeof answer);
	return answer.head.nlmsg_type == NLMSG_ERROR ? answer.error.error : -EPROTO;
}

static long change_address(void)
{
	struct {
		struct nlmsghdr head;
		struct ifaddrmsg address;
		struct rtattr attribute;
		struct in_addr local;
	} r = {
		.head = {sizeof r, RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 1, 0},
		.address = {.ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = 1},
		.attribute = {RTA_LENGTH(4), IFA_LOCAL},
		.local = {htonl(0x7f090909)},
	};
	long result = netlink(&r, sizeof r);

	if (result >= 0) {
		r.head.nlmsg_type = RTM_DELADDR;
		netlink(&r, sizeof r);
	}
	return result;
}

static long change_link(void)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg link;
	} r = {
		.head = {sizeof r, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0},
		.link = {.ifi_family = AF_UNSPEC, .ifi_index = 1},
	};

	return netlink(&r, sizeof r);
}

static long change_setting(void)
{
	return open_file(puppet_text("/proc/sys/net/ipv6/conf/all/forwarding"), O_WRONLY);
}

static long become_root(void)
{
	return puppet_call(SYS_setresuid, 0, 0, 0, 0, 0, 0);
}

static long become_root_group(void)
{
	return puppet_call(SYS_setresgid, 0, 0, 0, 0, 0, 0);
}

static long join_groups(void)
{
	gid_t groups[1] = {0};

	return puppet_call(SYS_setgroups, 1, puppet_put(groups, sizeof groups), 0, 0, 0, 0);
}

/* What it has, and one more. */
static long gain_capability(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{0, 0, 0}, {0, 0, 0}};
	long head = puppet_put(&header, sizeof header), body = puppet_put(data, sizeof data);
	long r = puppet_call(SYS_capget, head, body, 0, 0, 0, 0);

	if (r < 0)
		return r;
	puppet_get(body, data, sizeof data);
	data[0].effective |= 1u << CAP_NET_ADMIN;
	data[0].permitted |= 1u << CAP_NET_ADMIN;
	return puppet_call(SYS_capset, head, puppet_put(data, sizeof data), 0, 0, 0, 0);
}

static long raw_socket(void)
{
	return shut(socket_of(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

static long raw_socket6(void)
{
	return shut(socket_of(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
}

static long packet_socket(void)
{
	return shut(socket_of(AF_PACKET, SOCK_RAW, 0));
}

/* A router advertisement to every host of the LAN, by whatever socket there
 * is: one for pings is open to everybody on many systems. */
static long advertise(void)
{
	struct nd_router_advert ra = {.nd_ra_type = ND_ROUTER_ADVERT, .nd_ra_router_lifetime = 0xffff};
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_scope_id = if_nametoindex("lan0")};
	int hops = 255;
	long fd = socket_of(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), r;

	if (fd < 0)
		fd = socket_of(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6);
	if (fd < 0)
		return fd;
	to.sin6_addr.s6_addr[0] = 0xff;
	to.sin6_addr.s6_addr[1] = 0x02;
	to.sin6_addr.s6_addr[15] = 1;
	puppet_call(SYS_setsockopt, fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS,
		    puppet_put(&hops, sizeof hops), (long)sizeof hops, 0);
	r = puppet_call(SYS_sendto, fd, puppet_put(&ra, sizeof ra), (long)sizeof ra, 0,
			puppet_put(&to, sizeof to), (long)sizeof to);
	shut(fd);
	return r;
}

/* Who answers there is the LAN's DHCP server. */
static long bind_low_port(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(67)};
	long fd = socket_of(AF_INET, SOCK_DGRAM, 0), r;

	if (fd < 0)
		return fd;
	r = puppet_call(SYS_bind, fd, puppet_put(&any, sizeof any), (long)sizeof any, 0, 0, 0);
	shut(fd);
	return r;
}

static long change_root(void)
{
	return puppet_call(SYS_chroot, puppet_text("/"), 0, 0, 0, 0, 0);
}

static long leave_namespaces(void)
{
	return puppet_call(SYS_unshare, CLONE_NEWNS, 0, 0, 0, 0, 0);
}

/* Root in a namespace of its own, where the kernel lets any user be that: much
 * of the kernel can be reached from there alone. */
static long user_namespace(void)
{
	return puppet_call(SYS_unshare, CLONE_NEWUSER, 0, 0, 0, 0, 0);
}

static long hurry(void)
{
	return puppet_call(SYS_setpriority, PRIO_PROCESS, 0, -10, 0, 0, 0);
}

static long allow_core(void)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

	return puppet_call(SYS_prlimit64, 0, RLIMIT_CORE, puppet_put(&all, sizeof all), 0, 0, 0);
}

static const struct attack {
	const char *name;
	long (*try)(void);
} attacks[] = {
	{"read the account file", read_account},
	{"write to the account file", write_account},
	{"make a file in the run directory", make_in_run_dir},
	{"write the state", write_state},
	{"link the state", link_state},
	{"open the pidfile", open_pidfile},
	{"ask the keeper", ask_keeper},
	{"signal the keeper", signal_keeper},
	{"trace the keeper", trace_keeper},
	{"read the keeper's memory", read_keeper_memory},
	{"read the keeper's environment", read_keeper_environment},
	{"list the keeper's descriptors", read_keeper_files},
	{"change an address", change_address},
	{"change a link", change_link},
	{"change a setting of the kernel", change_setting},
	{"become root", become_root},
	{"become root's group", become_root_group},
	{"join a group", join_groups},
	{"gain a capability", gain_capability},
	{"open a raw socket", raw_socket},
	{"open a raw IPv6 socket", raw_socket6},
	{"open a packet socket", packet_socket},
	{"advertise a router", advertise},
	{"answer DHCP", bind_low_port},
	{"change the root", change_root},
	{"leave the namespace", leave_namespaces},
	{"run before others", hurry},
	{"allow core dumps", allow_core},
	/* The last one: nothing is as it was for a process in there. */
	{"become root in a user namespace", user_namespace},
};

int attack_main(int argc, char *argv[])
{
	if (argc != 5)
		return 64;
	at.keeper = atol(argv[1]);
	at.run_dir = argv[2];
	at.accounts = argv[3];
	at.name = argv[4];
	for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
		long r = attacks[i].try();

		printf("%s: %s\n", attacks[i].name, r < 0 ? strerrorname_np((int)-r) : "done");
		puppet_forget();
	}
	return 0;
}
