// The objects of the HTTP API, as docs/api.md has them.

export type Role = 'owner' | 'editor' | 'viewer'
export type LinkRole = 'editor' | 'viewer'

export interface Person {
  id: string
  name: string
  color: string
}

export interface User extends Person {
  email: string
  role: 'admin' | 'user'
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
}

export interface RoomPage {
  rooms: Room[]
  next: string | null
}

export interface Member {
  user: Person & { email: string }
  role: Role
}

export interface ShareLink {
  id: string
  role: LinkRole
  token: string
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

export interface Config {
  version: string
  registration: 'open' | 'invite' | 'closed'
  setup: { needed: boolean; code_required: boolean }
  license_key: string | null
}
