import { Injectable } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { describeMethods } from './method-document.js';

/** What `methods` answers: made of the document of the routes when it is asked for the first time. */
@Injectable()
export class MethodCatalogue {
  private routes?: () => OpenAPIObject;
  private described?: string;

  describeBy(routes: () => OpenAPIObject): void {
    this.routes = routes;
  }

  /** JSON text. */
  text(): string {
    if (this.routes) this.described ??= JSON.stringify(describeMethods(this.routes()));
    return this.described ?? '{}';
  }
}
