/* SPDX-License-Identifier: ISC */
#ifndef NETLINK_H
#define NETLINK_H

#include <stdbool.h>

#include "kernel/netlink_read.h"

/* Conversations with the kernel by rtnetlink(7). */

/* A socket for several questions, which the kernel answers with no more than is asked
 * for, where it can (NETLINK_GET_STRICT_CHK, Linux 4.20). Close-on-exec; -1 with
 * errno. */
int netlink_open(void);

/* Sends one request on such a socket and calls fn for each message of the answer. 0,
 * or an error number, without a message. */
int netlink_ask_on(int fd, struct nlmsghdr *request, netlink_fn *fn, void *arg);

/* Sends several requests at once, len bytes, one behind the other at NLMSG_ALIGN(), none of
 * them for a list. Each answer has its request's nlmsg_seq; one that there is no such
 * interface (ENODEV) is left out. 0, or an error number, without a message. */
int netlink_ask_several(int fd, void *requests, size_t len, netlink_fn *fn, void *arg);

/* Asks several questions by ask(), which returns 0 or an error number, on the socket *fd, or
 * on a new one where that is -1. If it fails, everything is asked once more: what is not seen
 * for lack of memory, because another message came in between, or because something changed
 * while the kernel made a list (NLM_F_DUMP_INTR; after the last try that will do), would be
 * taken for gone. That is done on another socket, since on this one the rest of a broken
 * answer would be taken for the next. 0, and the socket stays open for the next time; or the
 * last error number, without a message, and *fd is -1. */
int netlink_try(int *fd, int (*ask)(void *arg, int fd), void *arg);

/* The same on a socket that nobody keeps. */
int netlink_once(int (*ask)(void *arg, int fd), void *arg);

/* Sends one request and calls fn for each message of the answer; where that
 * breaks off the whole is tried again, so a message may come more than once.
 * Returns 0; or the error number that is the kernel's answer (ENODEV: it knows no
 * such interface; ENETUNREACH: it has no such route); or, after a message, why it
 * gave no answer. */
int netlink_ask(struct nlmsghdr *request, netlink_fn *fn, void *arg);

/* The message for an error number of those above that have none. */
void netlink_complain(int error);

/* Calls fn for each message that has come to a socket on which the kernel tells of
 * changes. False where some were lost. */
bool netlink_drain(int fd, netlink_fn *fn, void *arg);

#endif
