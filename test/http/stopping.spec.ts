import { once } from 'node:events';
import { connect } from 'node:net';
import { Controller, Get } from '@nestjs/common';
import { startSmallApp } from '../support/small-app.js';

@Controller('v1/notes')
class NotesController {
  @Get()
  list(): object {
    return { items: [] };
  }
}

it('stops at once though connections are open that never spoke, or no longer', async () => {
  const app = await startSmallApp([NotesController]);
  const silent = connect(app.port, '127.0.0.1');
  await once(silent, 'connect');
  await (await fetch(`${app.url}/v1/notes`)).json();

  const closed = once(silent, 'close');
  await app.stop();
  await closed;
});
