// Files of the editor (.tldr). One that is taken away has its pictures and videos in
// its records, as other programs write and expect it; of one that is brought, they
// are put among the files of its board.
import { ApiError, api, query, request, segment } from './api'
import type { Room } from './types'

interface Asset {
  typeName: 'asset'
  props: { src: string; name?: unknown }
}

interface Tldr {
  records: unknown[]
}

const OURS = 'asset:'

const isAsset = (record: unknown): record is Asset => {
  const asset = record as Partial<Asset> | null
  return typeof asset === 'object' && asset?.typeName === 'asset' && typeof asset.props?.src === 'string'
}

const withSrc = (asset: Asset, src: string): Asset => ({ ...asset, props: { ...asset.props, src } })

/* the board as a file that holds all it shows */
export async function whole(room: string, link: string | null): Promise<Blob> {
  const path = `rooms/${segment(room)}`
  const { records, ...head } = (await (await request('GET', `${path}/export${query({ link })}`)).json()) as Tldr

  const complete = async (record: unknown) => {
    if (!isAsset(record) || !record.props.src.startsWith(OURS)) return record

    const file = segment(record.props.src.slice(OURS.length))

    try {
      const answer = await request('GET', `${path}/files/${file}${query({ link })}`)
      return withSrc(record, await dataUrl(await answer.blob()))
    } catch (error) {
      /* an upload that never came to its end is no reason to keep the rest back */
      if (error instanceof ApiError && error.code === 'not_found') return record
      throw error
    }
  }

  /* in pieces: one text of it all may be longer than texts can be */
  const parts = [JSON.stringify(head).slice(0, -1), ',"records":[']
  for (const [n, record] of records.entries()) parts.push(`${n ? ',' : ''}${JSON.stringify(await complete(record))}`)
  parts.push(']}')

  return new Blob(parts, { type: 'application/vnd.tldraw+json' })
}

/* A board of that name. The server makes it, but where the file brings pictures
   in its records: those are stored first. */
export async function bringTldr(file: File, name: string): Promise<Room> {
  const tldr = withPictures(await file.text())
  if (tldr) return bringPictures(tldr, name)

  return api.upload<Room>('POST', `rooms/import${query({ name })}`, new Blob([file], { type: 'application/json' }))
}

/* null: it has none, or is no such file, which the server is to say */
function withPictures(text: string): Tldr | null {
  if (!text.includes('"data:')) return null

  try {
    const tldr = JSON.parse(text) as Tldr
    return tldr.records.some((r) => isAsset(r) && r.props.src.startsWith('data:')) ? tldr : null
  } catch {
    return null
  }
}

/* whole, or not at all */
async function bringPictures({ records, ...head }: Tldr, name: string): Promise<Room> {
  const room = await api.post<Room>('rooms', { name })
  const path = `rooms/${segment(room.id)}`

  const stored = async (record: unknown) => {
    if (!isAsset(record) || !record.props.src.startsWith('data:')) return record

    const body = new Blob([await bytesOf(record.props.src)], { type: 'application/octet-stream' })
    const fileName = typeof record.props.name === 'string' ? record.props.name : ''
    const { id } = await api.upload<{ id: string }>('POST', `${path}/files${query({ name: fileName })}`, body)

    return withSrc(record, OURS + id)
  }

  try {
    const all: unknown[] = []
    for (const record of records) all.push(await stored(record))

    const now = await request('GET', `${path}/snapshot`)
    await request('PUT', `${path}/snapshot`, JSON.stringify({ ...head, records: all }), {
      'Content-Type': 'application/json',
      'If-Match': now.headers.get('ETag') ?? '',
    })
  } catch (error) {
    await api
      .delete(path)
      .then(() => api.delete(`${path}?forever=1`))
      .catch(() => undefined)
    throw error
  }

  return room
}

async function bytesOf(url: string): Promise<Blob> {
  try {
    return await (await fetch(url)).blob()
  } catch {
    throw new ApiError('bad_request', 0, 'A picture that is none')
  }
}

export function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result as string)
    reader.onerror = () => reject(reader.error ?? new Error('The file cannot be read'))
    reader.readAsDataURL(blob)
  })
}
