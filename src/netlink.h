/* SPDX-License-Identifier: ISC */
#ifndef NETLINK_H
#define NETLINK_H

#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>

/* What rtnetlink(7) says, message by message. */
typedef void netlink_fn(void *arg, const struct nlmsghdr *h);

/* Calls fn for each whole message in a buffer, whatever the buffer holds. */
void netlink_each(const void *buf, size_t len, netlink_fn *fn, void *arg);

/* The first attribute of this type with at least size bytes, behind the fixed
 * part of a message, which has to be there as a whole. NULL: none. */
const struct rtattr *netlink_attr(const struct nlmsghdr *h, size_t fixed, unsigned short type,
				  size_t size);

/* Sends one request and calls fn for each message of the answer; where that
 * breaks off the whole is tried again, so a message may come more than once.
 * Returns 0, or ENODEV where the kernel knows no such interface, or another error
 * number, after a message, where it gave no answer. */
int netlink_ask(struct nlmsghdr *request, netlink_fn *fn, void *arg);

#endif
