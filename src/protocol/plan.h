/* SPDX-License-Identifier: ISC */
#ifndef PLAN_H
#define PLAN_H

struct offer;
struct tunnel;
struct tunnel_link;
struct tunnel_settings;

/* Makes t: the tunnel that the settings of an account and a server's offer call for. name is
 * its interface, link the one below it. A setting that the offer cannot meet is left out, with
 * a warning. */
void plan_tunnel(struct tunnel *t, const char *name, const struct tunnel_settings *s,
		 const struct offer *o, const struct tunnel_link *link);

#endif
