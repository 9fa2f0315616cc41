import { QuestionMarkIcon } from '@radix-ui/react-icons'
import { Button } from '@radix-ui/themes'
import { Link } from 'react-router-dom'
import { CenterPage } from '../components/CenterPage'
import { t } from '../texts'

export function NotFound() {
  return (
    <CenterPage icon={<QuestionMarkIcon width={22} height={22} />} title={t.notFound.title} text={t.notFound.text}>
      <Button size="3" asChild>
        <Link to="/">{t.toBoards}</Link>
      </Button>
    </CenterPage>
  )
}
