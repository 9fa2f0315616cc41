import { Cross2Icon } from '@radix-ui/react-icons'
import { Card, Dialog, Grid, IconButton, Text } from '@radix-ui/themes'
import { useQuery } from '@tanstack/react-query'
import { FormError } from '../components/FormError'
import { Failed, Loading } from '../components/States'
import { templatesQuery, useCreateRoom } from '../lib/rooms'
import type { Room, Template } from '../lib/types'
import { t } from '../texts'
import { TemplatePreview } from './TemplatePreview'

interface Props {
  open: boolean
  onOpenChange: (open: boolean) => void
  folder: string | undefined
  onCreated: (room: Room) => void
}

export function TemplateDialog({ open, onOpenChange, ...rest }: Props) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Content maxWidth="720px" className="td-dialog">
        <Dialog.Title mb="1" mr="6">
          {t.templates.title}
        </Dialog.Title>
        <Dialog.Description size="2" color="gray" mb="4">
          {t.templates.text}
        </Dialog.Description>
        <Templates {...rest} />
        <Dialog.Close>
          <IconButton variant="ghost" color="gray" className="td-dialog-close" aria-label={t.close}>
            <Cross2Icon />
          </IconButton>
        </Dialog.Close>
      </Dialog.Content>
    </Dialog.Root>
  )
}

function Templates({ folder, onCreated }: Pick<Props, 'folder' | 'onCreated'>) {
  const templates = useQuery(templatesQuery)
  const create = useCreateRoom()

  if (templates.isLoadingError) {
    return <Failed title={t.templates.failed} error={templates.error} onRetry={templates.refetch} />
  }
  if (!templates.data) return <Loading />

  const make = (template: Template) => {
    const name = template.id === 'blank' ? t.boards.untitled : template.name
    create.mutateAsync({ name, template: template.id, folder }).then(onCreated, () => undefined)
  }

  return (
    <>
      <FormError error={create.error} />
      <Grid columns={{ initial: '2', xs: '3' }} gap="3" asChild>
        <ul className="td-list">
          {templates.data.templates.map((template) => (
            <li key={template.id}>
              <Card asChild className="td-template">
                <button type="button" disabled={create.isPending} onClick={() => make(template)}>
                  <TemplatePreview id={template.id} />
                  <Text as="span" size="2" weight="medium" mt="2">
                    {template.name}
                  </Text>
                </button>
              </Card>
            </li>
          ))}
        </ul>
      </Grid>
    </>
  )
}
