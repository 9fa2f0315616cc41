// What a page says of itself, if our server is set up to ask it.
import type { QueryClient } from '@tanstack/react-query'
import { api, query, segment } from '../lib/api'
import { configQuery } from '../lib/query'

export interface Preview {
  title: string
  description: string
}

export const noPreview: Preview = { title: '', description: '' }

export function previewsOf(client: QueryClient, room: string, link: string | null) {
  return async (url: string): Promise<Preview> => {
    const { href, protocol } = new URL(url)
    const { previews } = await client.ensureQueryData(configQuery)

    if (!previews || !/^https?:$/.test(protocol)) return noPreview

    /* international names in the form that the server takes */
    return api.post<Preview>(`rooms/${segment(room)}/preview${query({ link })}`, { url: href })
  }
}
