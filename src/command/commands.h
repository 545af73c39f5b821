/* SPDX-License-Identifier: ISC */
#ifndef COMMANDS_H
#define COMMANDS_H

struct options;

/* What dtcp-up can be told to do. Each returns the exit status. */
int command_up(const struct options *o);      /* up.c */
int command_event(const struct options *o);   /* event.c */
int command_dry_run(const struct options *o); /* dry_run.c */
int command_down(const struct options *o);    /* down.c */
int command_status(const struct options *o);  /* status.c */
int command_check(const struct options *o);   /* check.c */

#endif
