#!/usr/bin/env node
// The file that `npx wasm-ioloop` runs.

import { command } from "./cli-command.ts";

process.exit(await command(process.argv.slice(2))); // the program may have left something open
