import type { Command } from 'commander';
import { action } from '../context.js';
import { listOptions } from '../list.js';
import { json, label, several, wholeNumber } from '../options.js';
import { cancel, claim, complete, fail, release, retry } from './task-claims.js';
import { add, explain, list, show } from './tasks.js';

const EPOCH = wholeNumber(0, 2_147_483_647);

export function addTaskCommands(program: Command): void {
  const task = program.command('task').description('make, find and do tasks; <agent> and <workspace> are ids or names');
  addMaking(task);
  addFinding(task);
  addDoing(task);
}

function addMaking(task: Command): void {
  task
    .command('add <title>')
    .description('make a task')
    .option('--type <type>', 'what kind of work it is', 'task')
    .option('--workspace <workspace>', 'where; the default workspace unless given')
    .option('--description <text>', 'what is to be done')
    .option('--parameters <json>', 'what the agent needs to know, a JSON object', json)
    .option('--priority <priority>', 'critical, high, normal, low or backlog')
    .option('--needs <capabilities>', 'what an agent must be able to do', several)
    .option('--after <tasks>', 'ids of tasks that must be completed before', several)
    .option('--parent <task>', 'id of the task it is a part of')
    .option('--tags <tags>', 'tags', several)
    .option('--label <name=value>', 'a label of yours', label)
    .option('--run-at <time>', 'not before')
    .option('--deadline <time>', 'when it should be done')
    .option('--max-attempts <n>', 'how often it is tried', wholeNumber(1, 100))
    .option('--timeout-seconds <n>', 'how long an attempt may take', wholeNumber(1, 2_592_000))
    .option('--dedupe-key <key>', 'no other open task can have it')
    .option('--concurrency-key <key>', 'of its tasks only as many run at once as its limit allows')
    .option('--ref <id>', 'its id in another system')
    .option('--assign <agent>', 'who is to do it')
    .action(action(add));
}

function addFinding(task: Command): void {
  listOptions(task.command('list').description('tasks, oldest first unless sorted'))
    .option('--workspace <workspaces>', 'only in these', several)
    .option('--status <statuses>', 'only in one of these', several)
    .option('--priority <priorities>', 'only of one of these', several)
    .option('--type <types>', 'only of one of these', several)
    .option('--assigned-to <agents>', 'only of these', several)
    .option('--tags <tags>', 'only with all of these', several)
    .option('--ref <ids>', 'only with one of these ids of another system', several)
    .option('--parent <task>', 'only parts of this task')
    .option('--sort <field>', 'createdAt, updatedAt, priority or deadline; a minus in front turns it round')
    .action(action(list));
  task.command('show <task>').description('one task with its attempts and edges').action(action(show));
  task.command('explain <task>').description('why a task is not running, or what it is doing').action(action(explain));
}

function addDoing(task: Command): void {
  task
    .command('claim')
    .description('take the best ready task; what a claim gives is the task and its epoch')
    .requiredOption('--agent <agent>', 'who will do the work')
    .option('--workspace <workspaces>', 'only of these', several)
    .option('--types <types>', 'only of these types', several)
    .option('--limit <n>', 'how many at most', wholeNumber(1, 256))
    .option('--lease-seconds <n>', 'how long it is kept without a heartbeat', wholeNumber(1, 86_400))
    .option('--kind <kind>', 'agent, interactive or human')
    .option('--wait <seconds>', 'how long to wait for work', wholeNumber(0, 30))
    .action(action(claim));
  task
    .command('complete <task>')
    .description('finish a task that you hold')
    .requiredOption('--epoch <n>', 'what the claim gave', EPOCH)
    .option('--result <json>', 'what came of it, any JSON', json)
    .action(action(complete));
  task
    .command('fail <task>')
    .description('end the attempt; the task is tried again while attempts are left')
    .requiredOption('--epoch <n>', 'what the claim gave', EPOCH)
    .option('--code <code>', 'a word for the kind of failure', 'failed')
    .option('--message <text>', 'what went wrong', '')
    .option('--final', 'another attempt would fail as well')
    .action(action(fail));
  task
    .command('release <task>')
    .description('give a task back unfinished; the attempt does not count')
    .requiredOption('--epoch <n>', 'what the claim gave', EPOCH)
    .option('--reason <text>', 'why')
    .action(action(release));
  task
    .command('cancel <task>')
    .description('cancel a task that nobody works on; a holder is asked to stop')
    .option('--reason <text>', 'why')
    .option('--tree', 'its subtasks too, and theirs')
    .action(action(cancel));
  task
    .command('retry <task>')
    .description('try a failed or timed-out task again, its attempts counted anew')
    .action(action(retry));
}
