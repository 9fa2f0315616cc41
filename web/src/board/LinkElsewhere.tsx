// A link with a password, in the page of another site. What proves that one knows
// the password is a cookie, and browsers keep those out of the frames of other
// sites; so the password is asked for in a page of its own.
import { LockClosedIcon } from '@radix-ui/react-icons'
import { Button } from '@radix-ui/themes'
import { CenterPage } from '../components/CenterPage'
import { boardUrl } from '../lib/base'
import { t } from '../texts'

export function LinkElsewhere({ room, link }: { room: string; link: string }) {
  return (
    <CenterPage
      icon={<LockClosedIcon width={22} height={22} />}
      title={t.board.linkPassword}
      text={t.board.linkElsewhereText}
    >
      <Button size="3" className="td-wide" asChild>
        <a href={boardUrl(room, link)} target="_blank" rel="noopener">
          {t.invite.accept}
        </a>
      </Button>
    </CenterPage>
  )
}
