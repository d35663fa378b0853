import { Global, Module } from '@nestjs/common';
import { Quotas } from './quotas.js';
import { QuotasRepository } from './quotas.repository.js';

@Global()
@Module({ providers: [QuotasRepository, Quotas], exports: [Quotas] })
export class QuotasModule {}
