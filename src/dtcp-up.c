/* SPDX-License-Identifier: ISC */
#include "command/commands.h"
#include "command/options.h"
#include "common/caller.h"
#include "common/status_codes.h"

int main(int argc, char *argv[])
{
	struct options o;
	int status;

	caller_forget();
	status = options_parse(&o, argc, argv);
	if (status != OPTIONS_GO)
		return status;
	switch (o.command) {
	case COMMAND_DOWN:
		return command_down(&o);
	case COMMAND_STATUS:
		return command_status(&o);
	case COMMAND_CHECK:
		return command_check(&o);
	case COMMAND_UP:
		break;
	}
	if (o.event[0])
		return command_event(&o);
	return o.dry_run ? command_dry_run(&o) : command_up(&o);
}
