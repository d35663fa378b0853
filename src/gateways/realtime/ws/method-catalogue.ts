import { Injectable } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { JsonObject } from '../../../shared/errors/index.js';
import { describeMethods } from './method-document.js';

/** What `methods` answers: made of the document of the routes when it is asked for the first time. */
@Injectable()
export class MethodCatalogue {
  private routes?: () => OpenAPIObject;
  private described?: JsonObject;

  describeBy(routes: () => OpenAPIObject): void {
    this.routes = routes;
  }

  document(): JsonObject {
    if (this.routes) this.described ??= describeMethods(this.routes());
    return this.described ?? {};
  }
}
