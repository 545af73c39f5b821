/* SPDX-License-Identifier: ISC */
#ifndef ECHO_H
#define ECHO_H

/* Echo requests over IPv6: ordinary ones, as ping(8) sends them, for stopwatch and redial;
 * and those of a path check, to whoever is at the far end of a tunnel, for floor and
 * pinger. */

/* The clock by which the bench measures, in microseconds. */
long long echo_clock(void);

/* A socket for them; source: the address to send from, NULL for whatever the kernel
 * takes. Ends the program where there is none. */
int echo_open(const char *source);

/* Sends an echo request to target each 2 ms until one is answered, and returns the
 * microseconds from begin until then; ends the program where none is within 10 s. While
 * there is no route they cost next to nothing. */
long long echo_answered(int fd, const char *target, long long begin);

/* A socket for those through the tunnel name. Ends the program where there is none. */
int echo_open_tunnel(const char *name);

/* Sends two through the tunnel, whose number is index, to all routers and all nodes at its
 * far end, and waits until one is answered; ends the program where they cannot be sent. */
void echo_far_end(int fd, unsigned index);

#endif
