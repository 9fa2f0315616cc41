// One's own account: password, e-mail, picture, sessions, tokens, the end.
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, segment } from './api'
import { sessionQuery, useEnter } from './query'
import type { Locale, Scope, Session, Token, User } from './types'

export const sessionsQuery = queryOptions({
  queryKey: ['account', 'sessions'],
  queryFn: () => api.get<{ sessions: Session[] }>('me/sessions'),
  staleTime: 0,
})

export const tokensQuery = queryOptions({
  queryKey: ['account', 'tokens'],
  queryFn: () => api.get<{ tokens: Token[] }>('me/tokens'),
  staleTime: 0,
})

function useAccountMutation<Variables, Answer>(mutationFn: (variables: Variables) => Promise<Answer>, stale: string) {
  const client = useQueryClient()

  return useMutation({
    mutationFn,
    onSettled: () => client.invalidateQueries({ queryKey: ['account', stale] }),
  })
}

type ProfileChange = {
  name?: string
  color?: string
  /* '': as the browser */
  locale?: Locale | ''
  email?: string
  current?: string
}

export function useUpdateMe() {
  const client = useQueryClient()

  return useMutation({
    mutationFn: (change: ProfileChange) => api.patch<{ user: User }>('me', change),
    onSuccess: ({ user }) => {
      client.setQueryData(sessionQuery.queryKey, { user })
      void client.invalidateQueries({ queryKey: ['rooms'] })
    },
  })
}

export function useSetPicture() {
  const client = useQueryClient()

  return useMutation({
    mutationFn: (picture: Blob | null) =>
      picture ? api.upload<unknown>('PUT', 'me/picture', picture) : api.delete('me/picture'),
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: sessionQuery.queryKey }),
        client.invalidateQueries({ queryKey: ['rooms'] }),
      ]),
  })
}

export const useChangePassword = () =>
  useAccountMutation((p: { current: string; password: string }) => api.post<void>('me/password', p), 'sessions')

export const useEndSession = () =>
  useAccountMutation((id: string) => api.delete(`me/sessions/${segment(id)}`), 'sessions')

export const useEndOtherSessions = () => useAccountMutation((_: void) => api.delete('me/sessions'), 'sessions')

type NewToken = { name: string; scopes: Scope[]; expires_at?: number }

export const useCreateToken = () =>
  useAccountMutation((t: NewToken) => api.post<Token & { token: string }>('me/tokens', t), 'tokens')

export const useRevokeToken = () => useAccountMutation((id: string) => api.delete(`me/tokens/${segment(id)}`), 'tokens')

/* what happens to the boards of an account that ends */
export type BoardsFate = { boards: 'delete' } | { boards: 'transfer'; to: string }

export function useDeleteMe() {
  const enter = useEnter()

  return useMutation({
    mutationFn: (how: BoardsFate & { password: string }) => api.delete('me', how),
    onSuccess: () => enter(null),
  })
}

export const useAskReset = () =>
  useMutation({ mutationFn: (email: string) => api.post<void>('auth/password-reset', { email }) })

export function useConfirmReset() {
  const enter = useEnter()

  return useMutation({
    mutationFn: (r: { token: string; password: string }) => api.post<{ user: User }>('auth/password-reset/confirm', r),
    onSuccess: ({ user }) => enter(user),
  })
}
