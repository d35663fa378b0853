import { ArrayMaxSize, ArrayUnique, IsIn, IsString, Length } from 'class-validator';
import { Omittable, type Page, PageQuery, QueryList, Whole } from '../shared/http/index.js';
import { type Member, MEMBER_KINDS, type MemberKind } from './member.entity.js';
import { type Right, RIGHTS, type Role, ROLES } from './roles.js';

export class AddMember {
  /** Who acts: an agent's id, a key's id or an OIDC subject, as events name them. */
  @IsString()
  @Length(1, 256)
  memberId: string;

  @IsIn(ROLES)
  role: Role;

  /** An agent unless said otherwise. */
  @Omittable()
  @IsIn(MEMBER_KINDS)
  kind?: MemberKind;

  /** Besides what the role may do. */
  @Omittable()
  @ArrayMaxSize(RIGHTS.length)
  @ArrayUnique()
  @IsIn(RIGHTS, { each: true })
  permissions?: Right[];
}

export class JoinWorkspace {
  /** An agent unless said otherwise. */
  @Omittable()
  @IsIn(MEMBER_KINDS)
  kind?: MemberKind;
}

export class UpdateMember {
  @Omittable()
  @IsIn(ROLES)
  role?: Role;

  /** Replaces all that were given besides the role's. */
  @Omittable()
  @ArrayMaxSize(RIGHTS.length)
  @ArrayUnique()
  @IsIn(RIGHTS, { each: true })
  permissions?: Right[];
}

export class ListMembers extends PageQuery {
  /** Any of these. */
  @QueryList({ of: ROLES })
  role?: Role[];

  /** Any of these. */
  @QueryList({ of: MEMBER_KINDS })
  kind?: MemberKind[];
}

/** A member as callers see it. */
export class MemberView {
  /** An agent's id, a key's id or an OIDC subject. */
  memberId: string;
  kind: MemberKind;
  role: Role;
  /** Besides what the role may do. */
  permissions: Right[];
  addedBy: string;
  joinedAt: Date;
  lastActivityAt: Date;
  /** Rises with every change; the ETag. */
  @Whole({ minimum: 1 })
  version: number;

  static of(member: Member): MemberView {
    const { memberId, kind, role, permissions, addedBy, joinedAt, lastActivityAt, version } = member;
    return { memberId, kind, role, permissions, addedBy, joinedAt, lastActivityAt, version };
  }
}

export class MemberPage implements Page<MemberView> {
  items: MemberView[];
  hasMore: boolean;
  /** The `after` of the next page. */
  nextCursor: string | null;
}
