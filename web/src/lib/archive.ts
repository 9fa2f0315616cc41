// An account on its way: the archive goes up with an XMLHttpRequest, since
// fetch() tells nothing about that; the answer comes line by line.
import { ApiError } from './api'
import { appUrl } from './base'

export const archiveUrl = () => appUrl('api/me/export')

export interface Bringing {
  sent: number
  done: number
  of: number
}

export interface Brought {
  boards: number
  files: number
  failed: { name: string; message: string }[]
}

interface Line {
  done?: number
  of?: number
  boards?: number
  files?: number
  failed?: { name: string; message: string } | number
  error?: { code: ApiError['code']; message: string }
}

/* null: the connection broke while boards were made */
export function bring(file: File, signal: AbortSignal, progress: (state: Bringing) => void): Promise<Brought | null> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest()
    const failed: Brought['failed'] = []
    let read = 0
    let state: Bringing = { sent: 0, done: 0, of: 0 }
    let end: Brought | null = null
    let error: Line['error']

    const tell = (change: Partial<Bringing>) => {
      state = { ...state, ...change }
      progress(state)
    }

    const lines = () => {
      if (xhr.status !== 200) return

      for (let at = xhr.responseText.indexOf('\n', read); at >= 0; at = xhr.responseText.indexOf('\n', read)) {
        const line = JSON.parse(xhr.responseText.slice(read, at)) as Line
        read = at + 1

        if (line.error) error = line.error
        if (typeof line.failed === 'object') failed.push(line.failed)
        if (line.boards !== undefined) end = { boards: line.boards, files: line.files ?? 0, failed }
        if (line.of !== undefined) tell({ sent: 1, done: line.done ?? 0, of: line.of })
      }
    }

    xhr.upload.onprogress = (event) => tell({ sent: event.loaded / event.total })
    xhr.onprogress = lines
    xhr.onerror = () => (state.of ? resolve(null) : reject(new ApiError('unavailable', 0, '')))
    xhr.onabort = () => resolve(null)

    xhr.onload = () => {
      lines()

      if (xhr.status !== 200) {
        try {
          error = (JSON.parse(xhr.responseText) as Line).error
        } catch {
          error = undefined
        }
      }

      if (end) resolve(end)
      else if (error) reject(new ApiError(error.code, xhr.status, error.message))
      else resolve(null)
    }

    signal.addEventListener('abort', () => xhr.abort())

    xhr.open('POST', appUrl('api/me/import'))
    xhr.setRequestHeader('Content-Type', 'application/zip')
    xhr.send(file)
  })
}
