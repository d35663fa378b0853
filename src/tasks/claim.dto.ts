import { ArrayMaxSize, ArrayMinSize, IsIn, IsString, Length, MaxLength } from 'class-validator';
import type { JsonValue } from '../shared/errors/index.js';
import { IsId, IsJsonValue, IsWhole, Nested, NestedList, Omittable } from '../shared/http/index.js';
import { MAX_CLAIM, MAX_HEARTBEATS, MAX_LEASE_SECONDS } from './claims.service.js';
import { OfTypes, OfWorkspaces } from './narrowing.js';
import { CLAIM_KINDS, type ClaimKind } from './task.entity.js';

const MAX_EPOCH = 2_147_483_647;

/** What an agent asks for. */
export class ClaimNextDto {
  /** The agent that will do the work. */
  @IsId()
  agentId: string;

  /** Only tasks of these workspaces; any unless given. */
  @OfWorkspaces()
  workspaceIds?: string[];

  /** Only tasks of these types; any unless given. */
  @OfTypes()
  types?: string[];

  /** How long the lease lasts without a heartbeat; 60 unless given. */
  @Omittable()
  @IsWhole(1, MAX_LEASE_SECONDS)
  leaseSeconds?: number;

  /** `agent` unless given. Leases of the other kinds are not taken away when they expire. */
  @Omittable()
  @IsIn(CLAIM_KINDS)
  claimKind?: ClaimKind;
}

export class ClaimDto extends ClaimNextDto {
  /** How many tasks at most; 1 unless given. */
  @Omittable()
  @IsWhole(1, MAX_CLAIM)
  limit?: number;

  /** How long to wait for work when there is none; 0 unless given. */
  @Omittable()
  @IsWhole(0, 30)
  waitSeconds?: number;
}

export class HeldLeaseDto {
  @IsId()
  taskId: string;

  /** What the claim gave. */
  @IsWhole(0, MAX_EPOCH)
  epoch: number;
}

export class HeartbeatDto {
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_HEARTBEATS)
  @NestedList(() => HeldLeaseDto)
  leases: HeldLeaseDto[];

  /** As the claim asked for, unless given. */
  @Omittable()
  @IsWhole(1, MAX_LEASE_SECONDS)
  leaseSeconds?: number;
}

export class EpochDto {
  /** What the claim gave. */
  @IsWhole(0, MAX_EPOCH)
  epoch: number;
}

export class CompleteDto extends EpochDto {
  /** What came of it, any JSON of at most 256 KiB. */
  @Omittable()
  @IsJsonValue()
  result?: JsonValue;

  /** Claims one task with the completion, in the same transaction where there is work at once. */
  @Omittable()
  @Nested(() => ClaimNextDto)
  claimNext?: ClaimNextDto;
}

export class FailureDto {
  /** A stable word for the kind of failure. */
  @IsString()
  @Length(1, 100)
  code: string;

  @IsString()
  @MaxLength(10_000)
  message: string;

  /** False when another attempt would fail as well; true unless given. */
  @Omittable()
  @IsIn([true, false])
  retryable?: boolean;
}

export class FailDto extends EpochDto {
  @Nested(() => FailureDto)
  error: FailureDto;
}

export class ReleaseDto extends EpochDto {
  @Omittable()
  @IsString()
  @MaxLength(1_000)
  reason?: string;
}

export class ProgressDto extends EpochDto {
  /** Per cent. */
  @Omittable()
  @IsWhole(0, 100)
  percent?: number;

  @Omittable()
  @IsString()
  @MaxLength(1_000)
  message?: string;

  /** What there is of the result so far, any JSON of at most 256 KiB. */
  @Omittable()
  @IsJsonValue()
  partial?: JsonValue;
}

export class AwaitInputDto extends EpochDto {
  /** What the agent needs to know, any JSON of at most 256 KiB. */
  @Omittable()
  @IsJsonValue()
  request?: JsonValue;
}

export class InputDto {
  /** The answer, any JSON of at most 256 KiB. */
  @IsJsonValue()
  input: JsonValue;
}

export class CancelDto {
  @Omittable()
  @IsString()
  @MaxLength(1_000)
  reason?: string;

  /** Its subtasks too, and theirs; false unless given. */
  @Omittable()
  @IsIn([true, false])
  tree?: boolean;
}
