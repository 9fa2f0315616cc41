// Lives inside the editor, shows nothing: keeps the picture of the board.
import { useEffect } from 'react'
import { useEditor, useReadonly } from 'tldraw'
import { useBoard } from './BoardContext'
import { Thumbnail } from './thumbnail'

export function Watch() {
  const editor = useEditor()
  const readOnly = useReadonly()
  const { room, link, leaving } = useBoard()
  const missing = room.thumbnail === null

  useEffect(() => {
    if (readOnly) return
    const thumbnail = new Thumbnail(editor, room.id, link, missing)
    leaving.current = thumbnail.flush

    return () => {
      leaving.current = null
      thumbnail.stop()
    }
  }, [editor, readOnly, room.id, link, missing, leaving])

  return null
}
