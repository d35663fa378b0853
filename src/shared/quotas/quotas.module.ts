import { Module } from '@nestjs/common';
import { Quotas } from './quotas.js';
import { QuotasRepository } from './quotas.repository.js';

@Module({ providers: [QuotasRepository, Quotas], exports: [Quotas] })
export class QuotasModule {}
