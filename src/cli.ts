#!/usr/bin/env node
import { runCommandLine } from './cli/program.js';

void runCommandLine(process.argv);
