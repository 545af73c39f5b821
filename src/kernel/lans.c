/* SPDX-License-Identifier: ISC */
#include "kernel/lans.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "kernel/inventory.h"
#include "kernel/step.h"

bool lans_judge(struct kernel *k, const struct inventory *found)
{
	bool changed = false;

	for (unsigned i = 0; i < k->now.n_lans; i++) {
		struct tunnel_lan *lan = &k->now.lans[i];
		const struct inventory_device *d = inventory_device(found, lan->name);
		bool there = inventory_has_address(found, lan->name, &lan->address);
		enum lan_state was = lan->state;

		if (!d || !d->index)
			lan->state = LAN_ABSENT;
		else if (there)
			lan->state = was == LAN_OURS ? LAN_OURS : LAN_FOREIGN;
		else if (d->ipv6_off)
			lan->state = LAN_NO_IPV6;
		else if (was != LAN_REFUSED)
			lan->state = LAN_OURS;
		if (lan->state == LAN_OURS && k->whole && (!there || was != LAN_OURS))
			log_msg(LOG_NOTICE, "%s: LAN interface %s gets its address", k->now.name,
				lan->name);
		if (lan->state == LAN_ABSENT && was == LAN_WANTED)
			log_msg(LOG_WARNING, "%s: LAN interface %s is missing; it gets its address "
					     "when it appears", k->now.name, lan->name);
		if (lan->state == LAN_NO_IPV6 && was != LAN_NO_IPV6)
			log_msg(LOG_WARNING, "%s: LAN interface %s takes no address, since IPv6 is "
					     "off there (disable_ipv6); it gets it when it is on",
				k->now.name, lan->name);
		changed = changed || lan->state != was;
	}
	return changed;
}

void lans_refuse(struct kernel *k, const struct inventory_address *a)
{
	char what[64];

	for (unsigned i = 0; i < k->now.n_lans; i++) {
		struct tunnel_lan *lan = &k->now.lans[i];

		if (strcmp(lan->name, a->device) == 0 &&
		    IN6_ARE_ADDR_EQUAL(&lan->address, &a->address))
			lan->state = LAN_REFUSED;
	}
	snprintf(what, sizeof what, "LAN interface %s takes no address: ", a->device);
	step_complain(k, LOG_WARNING, what);
}

bool lans_concern(struct kernel *k, const char *name)
{
	bool found = false;

	for (unsigned i = 0; i < k->now.n_lans; i++) {
		struct tunnel_lan *lan = &k->now.lans[i];

		if (strcmp(name, lan->name) != 0)
			continue;
		found = true;
		if (lan->state == LAN_REFUSED)
			lan->state = LAN_WANTED;
	}
	return found;
}
