/** What members may be, from the least to the most. */
export const ROLES = ['guest', 'viewer', 'commenter', 'editor', 'admin', 'owner'] as const;
export type Role = (typeof ROLES)[number];

/** What one may do in a workspace. Each role has some; a member may be given others besides. */
export const RIGHTS = ['read', 'comment', 'write', 'manage_members', 'manage', 'delete'] as const;
export type Right = (typeof RIGHTS)[number];

const RIGHTS_OF: Readonly<Record<Role, readonly Right[]>> = {
  guest: ['read'],
  viewer: ['read'],
  commenter: ['read', 'comment'],
  editor: ['read', 'comment', 'write'],
  admin: ['read', 'comment', 'write', 'manage_members', 'manage'],
  owner: ['read', 'comment', 'write', 'manage_members', 'manage', 'delete'],
};

/** What everybody of the tenant may do who is no member. */
export const RIGHTS_OF_OTHERS = {
  private: [],
  team: ['read', 'comment', 'write'],
  public: ['read'],
} as const satisfies Record<string, readonly Right[]>;

/** As what one joins a workspace by oneself: with just the rights that everybody has there. None joins a private one. */
export const ROLE_OF_JOINERS = { private: undefined, team: 'editor', public: 'viewer' } as const satisfies Record<
  string,
  Role | undefined
>;

export interface Standing {
  role: Role;
  permissions: readonly Right[];
}

export const mayDo = ({ role, permissions }: Standing, right: Right): boolean =>
  RIGHTS_OF[role].includes(right) || permissions.includes(right);

/** Nobody hands on a role above his own. */
export const mayGrant = (own: Role, role: Role): boolean => rank(role) <= rank(own);

/** Who is above another may change and remove him; an owner may do so with owners. */
export const mayActOn = (own: Role, other: Role): boolean => own === 'owner' || rank(other) < rank(own);

const rank = (role: Role): number => ROLES.indexOf(role);
