// In a frame: the way to the whole board, in a page of its own.
import { OpenInNewWindowIcon } from '@radix-ui/react-icons'
import { IconButton } from '@radix-ui/themes'
import { boardUrl } from '../lib/base'
import { t } from '../texts'
import { useBoard } from './BoardContext'
import { Slot } from './Slot'

export function EmbedPanel() {
  const { room, link } = useBoard()

  return (
    <Slot className="td-share">
      <IconButton variant="soft" asChild>
        <a
          href={boardUrl(room.id, link ?? undefined)}
          target="_blank"
          rel="noopener"
          aria-label={t.board.openWhole(room.name)}
          title={t.board.openWhole(room.name)}
        >
          <OpenInNewWindowIcon />
        </a>
      </IconButton>
    </Slot>
  )
}
