// The server says that this page and the board do not fit. Either the board is
// older, then it is upgraded; or the page is, then it reloads itself. What was
// not saved is kept by the browser and comes back afterwards.
import { UpdateIcon } from '@radix-ui/react-icons'
import { Button } from '@radix-ui/themes'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router-dom'
import { CenterPage } from '../components/CenterPage'
import { Loading } from '../components/States'
import type { Room } from '../lib/types'
import { t } from '../texts'
import { Refusal } from './Refusal'
import { type Finding, look, upgrade } from './upgrade'

interface Props {
  room: Room
  link: string | null
  onUpgraded: () => void
}

export function Outdated({ room, link, onUpgraded }: Props) {
  const mend = async (): Promise<Finding | 'upgraded'> => {
    const finding = await look(room.id, link)
    if (finding !== 'older-board' || room.role === 'viewer') return finding
    await upgrade(room.id, link)
    onUpgraded()
    return 'upgraded'
  }

  const { data, error, refetch } = useQuery({
    queryKey: ['upgrade', room.id, link],
    queryFn: mend,
    gcTime: 0,
    staleTime: Infinity,
    retry: false,
  })

  if (error || data === 'newer-board' || data === 'same') return <Refusal reason="CLIENT_TOO_OLD" />
  if (data !== 'older-board') return <Loading text={t.board.upgrading} />

  return (
    <CenterPage
      icon={<UpdateIcon width={22} height={22} />}
      title={t.board.upgradeNeeded}
      text={t.board.upgradeNeededText(room.owner.name)}
    >
      <Button size="3" onClick={() => void refetch().then(onUpgraded)}>
        {t.retry}
      </Button>{' '}
      <Button size="3" variant="soft" asChild>
        <Link to="/">{t.toBoards}</Link>
      </Button>
    </CenterPage>
  )
}
