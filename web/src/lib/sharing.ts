// Who may come to a board: members, links, invitations.
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, segment } from './api'
import type { Invitation, Invite, LinkRole, Member, Presence, Role, Room, ShareLink } from './types'

export const membersQuery = (room: string) =>
  queryOptions({
    queryKey: ['sharing', room, 'members'],
    queryFn: () => api.get<{ members: Member[] }>(`rooms/${segment(room)}/members`),
    staleTime: 0,
  })

export const linksQuery = (room: string) =>
  queryOptions({
    queryKey: ['sharing', room, 'links'],
    queryFn: () => api.get<{ links: ShareLink[] }>(`rooms/${segment(room)}/links`),
    staleTime: 0,
  })

export const invitesQuery = (room: string) =>
  queryOptions({
    queryKey: ['sharing', room, 'invites'],
    queryFn: () => api.get<{ invites: Invite[] }>(`rooms/${segment(room)}/invites`),
    staleTime: 0,
  })

export const presenceQuery = (room: string) =>
  queryOptions({
    queryKey: ['sharing', room, 'presence'],
    queryFn: () => api.get<{ people: Presence[] }>(`rooms/${segment(room)}/presence`),
    staleTime: 0,
    refetchInterval: 5000,
  })

export const invitationQuery = (token: string) =>
  queryOptions({
    queryKey: ['invitation', token],
    queryFn: () => api.get<Invitation>(`invites/${segment(token)}`),
  })

function useShareMutation<Variables, Answer>(
  room: string,
  part: 'members' | 'links' | 'invites' | 'presence',
  mutationFn: (variables: Variables) => Promise<Answer>,
) {
  const client = useQueryClient()

  return useMutation({
    mutationFn,
    onSettled: () => client.invalidateQueries({ queryKey: ['sharing', room, part] }),
  })
}

const path = (room: string, rest: string) => `rooms/${segment(room)}/${rest}`

export const useAddMember = (room: string) =>
  useShareMutation(room, 'members', (m: { email: string; role: Role }) =>
    api.post<Member>(path(room, 'members'), m),
  )

export const useChangeRole = (room: string) =>
  useShareMutation(room, 'members', (m: { user: string; role: Role }) =>
    api.put<Member>(path(room, `members/${segment(m.user)}`), { role: m.role }),
  )

/* who leaves does not see the board any more */
export function useRemoveMember(room: string) {
  const client = useQueryClient()

  return useMutation({
    mutationFn: (user: string) => api.delete(path(room, `members/${segment(user)}`)),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['sharing', room, 'members'] }),
        client.invalidateQueries({ queryKey: ['rooms'] }),
      ]),
  })
}

export type LinkChange = { role: LinkRole; expires_at?: number | null; password?: string }

export const useCreateLink = (room: string) =>
  useShareMutation(room, 'links', (link: LinkChange) => api.post<ShareLink>(path(room, 'links'), link))

export const useChangeLink = (room: string) =>
  useShareMutation(room, 'links', ({ id, ...change }: LinkChange & { id: string }) =>
    api.patch<ShareLink>(path(room, `links/${segment(id)}`), change),
  )

export const useRevokeLink = (room: string) =>
  useShareMutation(room, 'links', (link: string) => api.delete(path(room, `links/${segment(link)}`)))

export const useCreateInvite = (room: string) =>
  useShareMutation(room, 'invites', (i: { role: Role; email?: string }) =>
    api.post<Invite>(path(room, 'invites'), i),
  )

export const useRevokeInvite = (room: string) =>
  useShareMutation(room, 'invites', (invite: string) => api.delete(path(room, `invites/${segment(invite)}`)))

export const useKick = (room: string) =>
  useShareMutation(room, 'presence', (presence: string) => api.post<void>(path(room, 'kick'), { presence }))

/* the member becomes the owner, the owner an editor */
export function useTransfer(room: string) {
  const client = useQueryClient()

  return useMutation({
    mutationFn: (user: string) => api.post<Room>(path(room, 'transfer'), { user }),
    onSettled: async () => {
      /* first who one is here now: what only owners see is not asked for then */
      await client.invalidateQueries({ queryKey: ['room', room] })
      await client.invalidateQueries({ queryKey: ['sharing', room] })
      await client.invalidateQueries({ queryKey: ['rooms'] })
    },
  })
}

/* opens a link that has a password, for this browser */
export function useUnlock(room: string) {
  const client = useQueryClient()

  return useMutation({
    mutationFn: (unlock: { link: string; password: string }) => api.post<void>(path(room, 'links/unlock'), unlock),
    onSuccess: () => client.invalidateQueries({ queryKey: ['room', room] }),
  })
}

export function useAcceptInvitation() {
  const client = useQueryClient()

  return useMutation({
    mutationFn: (token: string) => api.post<Room>(`invites/${segment(token)}`),
    onSuccess: () => client.invalidateQueries({ queryKey: ['rooms'] }),
  })
}
