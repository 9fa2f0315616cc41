// The objects of the HTTP API, as docs/api.md has them.

export type Role = 'owner' | 'editor' | 'viewer'
export type LinkRole = 'editor' | 'viewer'
export type AccountRole = 'admin' | 'user'
export type Locale = 'en' | 'de'
export type Scope = 'read' | 'write' | 'admin'

export interface Person {
  id: string
  name: string
  color: string
  picture?: string | null
}

export interface User extends Person {
  email: string
  role: AccountRole
  locale: Locale | null
  created_at: number
}

export interface Room {
  id: string
  name: string
  role: Role
  owner: Person
  created_at: number
  updated_at: number
  deleted_at: number | null
  opened_at: number | null
  favourite: boolean
  folder: string | null
  thumbnail: string | null
  present: number
  people: Person[]
}

export interface RoomPage {
  rooms: Room[]
  next: string | null
}

export interface Folder {
  id: string
  name: string
}

export interface Template {
  id: string
  name: string
}

export interface Member {
  /* null: not for whoever came by a link */
  user: Person & { email: string | null }
  role: Role
}

export interface ShareLink {
  id: string
  role: LinkRole
  token: string
  has_password: boolean
  created_at: number
  expires_at: number | null
}

export interface Invite {
  id: string
  role: Role
  email: string | null
  token: string
  created_at: number
  expires_at: number
}

export interface Invitation {
  room: { id: string; name: string }
  role: Role
  inviter: Person
  email: string | null
}

/* somebody who has the board open */
export interface Presence {
  id: string
  /* null: a guest, of whom only is known what the page shows */
  user: Person | null
  name: string
  color: string | null
  role: Role
  since: number
}

export interface Session {
  id: string
  current: boolean
  created_at: number
  last_used_at: number
  address: string
  agent: string
}

export interface Token {
  id: string
  name: string
  scopes: Scope[]
  created_at: number
  last_used_at: number | null
  expires_at: number | null
}

export interface Config {
  version: string
  registration: 'open' | 'invite' | 'closed'
  setup: { needed: boolean; code_required: boolean }
  license_key: string | null
  max_upload: number
  previews: boolean
}
