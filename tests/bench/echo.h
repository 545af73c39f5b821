/* SPDX-License-Identifier: ISC */
#ifndef ECHO_H
#define ECHO_H

/* Ordinary echo requests over IPv6, as ping(8) sends them, for stopwatch and redial. */

/* The clock by which the bench measures, in microseconds. */
long long echo_clock(void);

/* A socket for them; source: the address to send from, NULL for whatever the kernel
 * takes. Ends the program where there is none. */
int echo_open(const char *source);

/* Sends an echo request to target each 2 ms until one is answered, and returns the
 * microseconds from begin until then; ends the program where none is within 10 s. While
 * there is no route they cost next to nothing. */
long long echo_answered(int fd, const char *target, long long begin);

#endif
